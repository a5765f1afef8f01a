"""remote-api.md section 7: who downloads a file that others are replacing gets the bytes of one of them, whole, and never hears that there
are none. The tag he is told belongs to the bytes that come with it.
"""

import os
import random
import threading
import time

import pytest

from support import writing
from support.file_clients import exchange, replace_raw, request
from support.uploading import TABLE, Disk, Uploader, sha256

pytestmark = [pytest.mark.faults, pytest.mark.slow]

DATABASE = "whmcs_read"
SECONDS = 30 if os.environ.get("PORTCULLIS_LONG") else 3


@pytest.fixture(scope="module")
def store(mariadb):
    writing.load(mariadb, DATABASE)
    return writing.Store(mariadb, DATABASE)


@pytest.mark.parametrize("cache", ["0", "1s"])
@pytest.mark.parametrize("template", ["{file_path}", "{file_id}.bin"])
def test_a_file_that_is_replaced_all_the_time(start_gateway, store, tmp_path, template, cache):
    store.run(f"DELETE FROM {TABLE}")
    disk = Disk(tmp_path / "root")
    server = start_gateway({"mysql.database": DATABASE, "files.root": str(disk.root), "files.path": template, "mysql.workers": "6",
                            "files.cache_ttl": cache})
    uploader = Uploader(server, store, disk)
    number = uploader.upload(b"first").success().response["file"]["file_id"]
    end, offered, seen, bad = time.monotonic() + SECONDS, {sha256(b"first")}, [], []

    def replace(seed):
        chance = random.Random(seed)
        while time.monotonic() < end:
            data = chance.randbytes(chance.choice((0, 10, 3000, 100_000)))
            offered.add(sha256(data))
            said = exchange(server.port, *replace_raw(number, data))
            if said.status not in (200, 503):
                bad.append(said)

    def read():
        while time.monotonic() < end:
            said = exchange(server.port, *request("GET", f"files/{number}/download"))
            if said.status == 200:
                seen.append((said.tag, sha256(said.body)))
            else:
                bad.append(said)
    threads = [threading.Thread(target=replace, args=(seed,)) for seed in range(2)] + [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not bad, (len(bad), len(seen), bad[0])
    assert not {digest for _, digest in seen} - offered
    assert len(set(seen)) > 5, "nothing was replaced under the readers"
    tags = {}
    for tag, digest in seen:
        assert tag and tags.setdefault(tag, digest) == digest, "one tag for two"
    if template == "{file_path}":
        assert tags == {f'"{digest}"': digest for digest in tags.values()}
