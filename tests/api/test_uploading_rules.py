"""spec/remote-api.md sections 6 and 7: versions, replacing, conditions, dry runs, Idempotency-Key; data-model.md: files.path."""

import concurrent.futures
import itertools
import os

import pytest

from support import writing
from support.uploading import TABLE, noise, sha256
from support.writing import faults, record_tag

pytestmark = pytest.mark.writing
_keys = itertools.count()


@pytest.fixture
def project(store):
    return store.project()


@pytest.fixture
def file(uploader, project):
    """A file's id, with the bytes b"old"."""
    return uploader.is_stored(uploader.upload(b"old", {"project_id": project}, filename="old.txt"), b"old")


# ---- versions --------------------------------------------------------------------------------

def test_versions_of_a_thread(uploader, store, file, project):
    """thread_id appends a version (file_version + 1); each keeps its bytes; files/bythread shows the latest."""
    second = uploader.is_stored(uploader.upload(b"new", {"thread_id": file}), b"new")
    third = uploader.is_stored(uploader.create("base64", b"newest", {"thread_id": file, "file_name": "c.bin"}), b"newest")
    rows = [store.row("files", number) for number in (file, second, third)]
    assert [row["file_version"] for row in rows] == [1, 2, 3]
    assert [row["thread_id"] for row in rows] == [file] * 3
    assert [row["project_id"] for row in rows] == [project] * 3
    shown = uploader.get("files/bythread", {"project_id": project}).success().response["files"]
    assert [(row["file_id"], row["file_versions"], row["file_sha256"]) for row in shown] == [(third, 3, sha256(b"newest"))]
    for number, data in ((file, b"old"), (second, b"new"), (third, b"newest")):
        assert uploader.get(f"files/{number}/download").http.content == data


def test_a_thread_is_opened_again(uploader, store, file):
    later = uploader.is_stored(uploader.upload(b"2", {"thread_id": file}), b"2")
    uploader.put(f"files/{file}", {"file_status": "closed"}).success()
    with uploader.nothing_stored():
        uploader.upload(b"3", {"thread_id": file}).expect(409, "Record Locked", "record_locked", "thread_id")
        uploader.create("base64", b"3", {"thread_id": file, "file_name": "f"}).expect(409)
        for number in (file, later):
            uploader.content(number, b"3").expect(409, "Record Locked", "record_locked", "thread_id")
            uploader.put(f"files/{number}", {"file_content": "QQ=="}).expect(409)
            uploader.put(f"files/{number}", {"file_content": "QQ==", "file_status": "open"}).expect(409)
    uploader.put(f"files/{later}", {"file_label": "l"}).success()
    uploader.put(f"files/{file}", {"file_status": "open"}).success()
    uploader.is_stored(uploader.content(later, b"3"), b"3")


def test_a_thread_that_does_not_begin_there(uploader, store, file):
    later = uploader.is_stored(uploader.upload(b"2", {"thread_id": file}), b"2")
    with uploader.nothing_stored():
        for thread in (later, 99999999):
            assert faults(uploader.upload(b"3", {"thread_id": thread}).expect(422)) == {"thread_id": "invalid_value"}


def test_versions_appended_at_once(uploader, store, file):
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda i: uploader.upload(noise(5000, i), {"thread_id": file}), range(8)))
    numbers = [uploader.is_stored(answer, noise(5000, i)) for i, answer in enumerate(answers)]
    assert sorted(store.row("files", number)["file_version"] for number in numbers) == list(range(2, 10))


# ---- replacing -------------------------------------------------------------------------------

@pytest.mark.parametrize("size", [0, 1, 200 * 1024])
def test_replaced_bytes_are_gone(uploader, store, file, size):
    old, row = uploader.path(file), store.row("files", file)
    with store.logged(f"updated file {file} (file_content)"):
        answer = uploader.content(file, noise(size))
    uploader.is_stored(answer, noise(size))
    assert not (uploader.disk.root / old).exists()
    assert uploader.path(file) != old
    changed = {"file_size", "file_sha256"}
    assert {key for key, value in store.row("files", file).items() if row[key] != value} == changed


def test_the_same_bytes_again(uploader, file):
    """They may be damaged on the disk: they are written anew."""
    path = uploader.path(file)
    (uploader.disk.root / path).write_bytes(b"damaged")
    uploader.is_stored(uploader.content(file, b"old"), b"old")
    assert not (uploader.disk.root / path).exists()


def test_bytes_for_a_record_that_has_none(uploader, store):
    number = uploader.post("files", {"file_name": "f"}).success().response["file"]["file_id"]
    uploader.is_stored(uploader.content(number, b"x"), b"x")


def test_bytes_for_a_record_whose_bytes_are_missing(uploader, store):
    number = store.insert("files", file_name="f", file_path="no/such.bin", file_size=7)
    uploader.is_stored(uploader.content(number, b"x"), b"x")


def test_a_path_that_leads_out_is_replaced_and_never_touched(uploader, store, place):
    """Rows as others may have written them: nothing outside files.root goes with them."""
    outside = place / "uploaded" / "outside.txt"
    outside.write_text("theirs")
    os.symlink(outside, uploader.disk.root / "link.txt")
    for path in ("../outside.txt", str(outside), "link.txt", "."):
        number = store.insert("files", file_name="f", file_path=path)
        uploader.is_stored(uploader.content(number, b"x"), b"x")
        number = store.insert("files", file_name="f", file_path=path)
        uploader.delete(f"files/{number}").success()
    assert outside.read_text() == "theirs"
    (uploader.disk.root / "link.txt").unlink()


def test_bytes_go_with_the_record(uploader, store, project):
    """Section 6: bytes after the commit, of all that goes along."""
    action = store.action(project)
    numbers = [uploader.is_stored(uploader.upload(noise(9, i), chain=f"actions/{action}/files"), noise(9, i)) for i in range(3)]
    paths = [uploader.path(number) for number in numbers]
    uploader.delete(f"files/{numbers[0]}").success()
    assert [(uploader.disk.root / path).exists() for path in paths] == [False, True, True]
    uploader.delete(f"projects/{project}").success()
    assert not any((uploader.disk.root / path).exists() for path in paths)
    assert not uploader.disk.begun()


# ---- conditions ------------------------------------------------------------------------------

def test_if_match(uploader, store, file):
    """Section 6: compared with the record's part; it is another once the bytes are, though only the gateway writes their hash."""
    first = uploader.get(f"files/{file}").headers["ETag"]
    answer = uploader.content(file, b"one", headers={"If-Match": first})
    uploader.is_stored(answer, b"one")
    assert record_tag(answer) != first.strip('"').split(".")[0]
    with uploader.nothing_stored():
        uploader.content(file, b"two", headers={"If-Match": first}).expect(412, "Precondition Failed", "precondition_failed", "If-Match")
        uploader.content(file, b"two", headers={"If-Match": 'W/"x"'}).expect(412)
        uploader.put(f"files/{file}", {"file_label": "l"}, headers={"If-Match": first}).expect(412)
    uploader.is_stored(uploader.content(file, b"two", headers={"If-Match": answer.headers["ETag"]}), b"two")
    uploader.is_stored(uploader.content(file, b"two!", headers={"If-Match": "*"}), b"two!")


def test_one_of_many_wins(uploader, store, file):
    """No lost update where If-Match was given; the losers' bytes are nowhere."""
    tag = uploader.get(f"files/{file}").headers["ETag"]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda i: uploader.content(file, noise(90000, i), headers={"If-Match": tag}), range(8)))
    assert sorted(answer.status for answer in answers) == [200] + [412] * 7
    winner = next(i for i, answer in enumerate(answers) if answer.status == 200)
    uploader.is_stored(answers[winner], noise(90000, winner))


def test_replaced_at_once(uploader, store, file):
    """Without If-Match the last wins, whole."""
    others = {path for path in uploader.disk.all() if path != uploader.path(file)}
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda i: uploader.content(file, noise(70000, i)), range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert uploader.store.value("files", file, "file_sha256") in {sha256(noise(70000, i)) for i in range(8)}
    assert sha256(uploader.disk.read(uploader.path(file))) == uploader.store.value("files", file, "file_sha256")
    assert set(uploader.disk.all()) - others == {uploader.path(file)}


# ---- dry runs --------------------------------------------------------------------------------

def test_dry_run(uploader, store, file):
    """All is done but stored: it answers what would be."""
    with uploader.nothing_stored():
        answer = uploader.upload(b"abc", {"dry_run": True}).success()
        assert (answer.response["file"]["file_size"], answer.response["file"]["file_sha256"]) == (3, sha256(b"abc"))
        assert "Location" not in answer.headers
        answer = uploader.content(file, b"abcd", {"dry_run": 1}).success()
        assert answer.response["file"]["file_size"] == 4
        with uploader.disk.untouched():
            answer = uploader.post("files", {"file_name": "f", "file_content": "QUJD", "dry_run": True}).success()
            assert (answer.response["file"]["file_size"], answer.response["file"]["file_sha256"]) == (3, sha256(b"ABC"))
            answer = uploader.put(f"files/{file}", {"file_content": "", "dry_run": 1}).success()
            assert (answer.response["file"]["file_size"], answer.response["file"]["file_sha256"]) == (0, sha256(b""))
            uploader.put(f"files/{file}", {"file_content": "QQ==", "dry_run": 1}, headers={"If-Match": '"x"'}).expect(412)
        uploader.upload(b"abc", {"dry_run": True, "thread_id": 99999999}).expect(422)
    assert uploader.get(f"files/{file}/download").http.content == b"old"


# ---- Idempotency-Key -------------------------------------------------------------------------

@pytest.fixture
def key():
    return {"Idempotency-Key": f"upload-{next(_keys)}"}


@pytest.mark.parametrize("chunked", [False, True])
def test_the_same_upload_again(uploader, store, key, chunked):
    """Creates nothing, stores nothing, answers the first success."""
    first = uploader.upload(noise(70000), {"file_label": "l"}, headers=key, chunked=chunked)
    number = uploader.is_stored(first, noise(70000))
    with uploader.nothing_stored():
        again = uploader.upload(noise(70000), {"file_label": "l"}, headers=key, chunked=chunked).success()
        assert again.http.content == first.http.content
        assert again.headers["Location"] == first.headers["Location"]
    assert store.ids("files", f"file_id >= {number}") == [number]


@pytest.mark.parametrize("change", ["bytes", "name", "type", "params", "to base64"])
def test_another_upload_with_the_key(uploader, key, change):
    """422, and nothing of it stored: the file's SHA-256 belongs to the request."""
    uploader.is_stored(uploader.upload(b"abc", {"file_label": "l"}, filename="a.txt", headers=key), b"abc")
    with uploader.nothing_stored():
        if change == "to base64":
            answer = uploader.post("files", {"file_label": "l", "file_name": "a.txt", "file_content": "YWJj"}, headers=key)
        else:
            answer = uploader.upload(b"abd" if change == "bytes" else b"abc", {"file_label": "m" if change == "params" else "l"},
                                     filename="b.txt" if change == "name" else "a.txt", media="text/x-other" if change == "type" else None,
                                     headers=key)
        assert faults(answer.expect(422)) == {"Idempotency-Key": "invalid_value"}


def test_the_same_base64_again(uploader, key):
    first = uploader.post("files", {"file_name": "f", "file_content": "QQ=="}, headers=key)
    uploader.is_stored(first, b"A")
    with uploader.nothing_stored():
        assert uploader.post("files", {"file_name": "f", "file_content": "QQ=="}, headers=key).http.content == first.http.content
        uploader.post("files", {"file_name": "f", "file_content": "QUI="}, headers=key).expect(422, field="Idempotency-Key")


def test_again_though_it_would_now_be_refused(uploader, store, project, key):
    """The same key with the same request answers the first success, whatever has become of the thread since."""
    first = uploader.upload(b"abc", {"project_id": project}, headers=key)
    uploader.is_stored(first, b"abc")
    store.set("projects", project, project_function="archive")
    with uploader.nothing_stored():
        assert uploader.upload(b"abc", {"project_id": project}, headers=key).http.content == first.http.content
        uploader.upload(b"abd", {"project_id": project}, headers=key).expect(422, field="Idempotency-Key")
        uploader.upload(b"abc", {"project_id": project}, headers={"Idempotency-Key": key["Idempotency-Key"] + "-other"}).expect(409)


def test_the_same_key_at_once(uploader, store, key):
    """Two at once, one waits: one record, one file."""
    before = set(uploader.disk.all())
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: uploader.upload(noise(80000), {}, headers=key), range(6)))
    assert [answer.status for answer in answers] == [200] * 6
    assert len({answer.response["file"]["file_id"] for answer in answers}) == 1
    assert len(set(uploader.disk.all()) - before) == 1


def test_a_bad_key_is_refused_before_the_file(uploader):
    with uploader.nothing_stored():
        uploader.upload(b"x", headers={"Idempotency-Key": "a b"}).expect(400, code="bad_idempotency_key")


# ---- files.path ------------------------------------------------------------------------------

def put_file(uploader, data, **params):
    answer = uploader.upload(data, params, filename=params.get("file_name", "a.bin"))
    number = answer.success().response["file"]["file_id"]
    assert uploader.get(f"files/{number}/download").http.content == data
    return number


def test_a_template_over_the_key(start_uploader, store):
    """data-model.md: files.path is a template over the row's columns, which are known once the row is there."""
    uploader = start_uploader({"files.path": "by-id/{file_id}.bin"})
    number = put_file(uploader, b"one")
    assert uploader.disk.all() == {f"by-id/{number}.bin": 3}
    assert uploader.path(number) == ""
    uploader.content(number, b"other").success()
    assert uploader.get(f"files/{number}/download").http.content == b"other"
    assert uploader.disk.all() == {f"by-id/{number}.bin": 5}
    uploader.upload(b"x", {"dry_run": 1}).success()
    uploader.delete(f"files/{number}").success()
    assert uploader.disk.all() == {}


def test_a_template_around_the_path(start_uploader, store):
    uploader = start_uploader({"files.path": "a/{file_path}.x"})
    number = put_file(uploader, b"one")
    assert uploader.disk.all() == {f"a/{uploader.path(number)}.x": 3}


def test_a_template_over_the_name(start_uploader, store, project):
    """A name that is taken, or leads out, is 422; names may not change without the bytes that lie under them."""
    uploader = start_uploader({"files.path": "{project_id}/{file_name}"})
    number = put_file(uploader, b"one", project_id=project, file_name="a.txt")
    assert uploader.disk.all() == {f"{project}/a.txt": 3}
    with uploader.nothing_stored():
        for name in ("a.txt", "../../out.txt", "..", "a\0b", "x/" * 200, "a.txt/b", "a.txt/b/c", "a/", "a/.", "a.txt/"):
            answer = uploader.post("files", {"project_id": project, "file_name": name, "file_content": "QQ=="})
            assert faults(answer.expect(422)) == {"file_name": "invalid_value"}, name
        assert faults(uploader.put(f"files/{number}", {"file_name": "b.txt"}).expect(422)) == {"file_name": "invalid_value"}
        assert faults(uploader.put(f"files/{number}", {"project_id": 0}).expect(422)) == {"project_id": "invalid_value"}
    uploader.put(f"files/{number}", {"file_name": "a.txt", "file_label": "l"}).success()
    loose = put_file(uploader, b"loose", project_id=0, file_name="loose.txt")
    action = {"action_id": store.action(project)}
    with uploader.nothing_stored():
        for params in (action, {**action, "project_id": 0}):
            assert faults(uploader.put(f"files/{loose}", params).expect(422)) == {"project_id": "invalid_value"}
        assert uploader.get(f"files/{loose}/download").http.content == b"loose"
    uploader.put(f"files/{loose}", {**action, "file_content": "QUI="}).success()
    assert uploader.get(f"files/{loose}/download").http.content == b"AB"
    assert uploader.disk.all() == {f"{project}/a.txt": 3, f"{project}/loose.txt": 2}
    uploader.delete(f"files/{loose}").success()
    uploader.put(f"files/{number}", {"file_name": "b.txt", "file_content": "QUI="}).success()
    assert uploader.disk.all() == {f"{project}/b.txt": 2}
    assert uploader.get(f"files/{number}/download").http.content == b"AB"
    other = put_file(uploader, b"three", project_id=project, file_name="a.txt")
    with uploader.nothing_stored():
        uploader.put(f"files/{other}", {"file_name": "b.txt", "file_content": "QQ=="}).expect(422, field="file_name")
    assert uploader.get(f"files/{number}/download").http.content == b"AB"


def test_files_below_do_not_lose_their_bytes_by_a_move(start_uploader, store, project):
    """data-model.md: a template over project_id. What moves along would name another path, and the bytes stay where they are."""
    uploader = start_uploader({"files.path": "{project_id}/{file_name}"})
    other, action = store.project(), store.action(project, level_children=1)
    sub = store.action(project, parent_action_id=action)
    store.insert("files", project_id=project, action_id=action, file_name="none.txt", file_size=0)
    uploader.put(f"actions/{action}", {"project_id": other}).success()
    uploader.put(f"actions/{action}", {"project_id": project}).success()
    number = put_file(uploader, b"below", action_id=sub, file_name="a.txt")
    assert uploader.disk.all() == {f"{project}/a.txt": 5}
    with uploader.nothing_stored():
        for more in ({}, {"dry_run": True}):
            answer = uploader.put(f"actions/{action}", {"project_id": other, **more}).expect(422)
            assert faults(answer) == {"project_id": "invalid_value"}
            assert f"file {number} " in answer.response["errors"][0]["detail"] and "files.path" in answer.response["errors"][0]["detail"]
        uploader.put(f"actions/{sub}", {"project_id": other, "parent_action_id": 0}).expect(422, field="project_id")
        assert uploader.get(f"files/{number}/download").http.content == b"below"
    uploader.put(f"actions/{sub}", {"parent_action_id": 0, "action_name": "moved inside"}).success()
    first = put_file(uploader, b"first", project_id=project, file_name="1.txt")
    second = put_file(uploader, b"second", thread_id=first, file_name="2.txt")
    with uploader.nothing_stored():
        uploader.put(f"files/{first}", {"project_id": other, "file_content": "QQ=="}).expect(422, field="project_id")
    assert uploader.get(f"files/{second}/download").http.content == b"second"
    uploader.delete(f"files/{number}").success()
    uploader.put(f"actions/{sub}", {"project_id": other}).success()


@pytest.mark.parametrize("template", ["{file_path}", "{file_id}"])
def test_files_below_move_where_their_bytes_lie_by_other_columns(start_uploader, store, project, template):
    uploader = start_uploader({"files.path": template})
    action = store.action(project)
    number = put_file(uploader, b"below", action_id=action, file_name="a.txt")
    other = store.project()
    uploader.put(f"actions/{action}", {"project_id": other}).success()
    assert store.row("files", number)["project_id"] == other
    assert uploader.get(f"files/{number}/download").http.content == b"below"


def test_bytes_at_their_place_stay_when_others_are_not_stored(start_uploader, store):
    """A dry run and a refused row, where the new bytes would lie in the old ones' place: these are never touched."""
    uploader = start_uploader({"files.path": "{file_name}"})
    number = put_file(uploader, b"one", file_name="a.txt")
    with uploader.nothing_stored():
        uploader.content(number, b"two", {"dry_run": 1}).success()
        uploader.content(number, b"two", {"file_status": "no"}).expect(422)
    assert uploader.get(f"files/{number}/download").http.content == b"one"


@pytest.mark.parametrize("data", [b"bytes of another", b""], ids=["bytes", "an empty file"])
@pytest.mark.parametrize("template,name", [("{file_name}", "a.txt"), ("{file_name}", "./a.txt"), ("{project_id}/{file_name}", "a.txt")])
def test_a_record_without_bytes_has_none_of_another_record(start_uploader, store, project, template, name, data):
    """auth-and-bans.md section 5, remote-api.md section 7: its path may be the same, the bytes there are the other's: it reads,
    replaces and removes none."""
    uploader = start_uploader({"files.path": template})
    number = put_file(uploader, data, project_id=project, file_name="a.txt")
    made = uploader.post("files", {"project_id": project, "file_name": name}).success().response["file"]
    none = made["file_id"]
    assert made["file_size"] == 0 and made["file_sha256"] == ""
    uploader.get(f"files/{none}/download").expect(404, code="record_not_found")
    with uploader.nothing_stored():
        for answer in (uploader.content(none, b"taken over"), uploader.content(none, b""), uploader.put(f"files/{none}", {"file_content": "QUI="})):
            assert faults(answer.expect(422)) == {"file_name": "invalid_value"}
    uploader.delete(f"files/{none}").success()
    assert uploader.get(f"files/{number}/download").http.content == data
    uploader.delete(f"files/{number}").success()
    assert uploader.disk.all() == {}


def test_a_record_without_bytes_gets_its_own(start_uploader, store, project):
    """Once nothing lies at its path; and by the default files.path at any time."""
    uploader = start_uploader({"files.path": "{file_name}"})
    other = put_file(uploader, b"of another", file_name="a.txt")
    none = uploader.post("files", {"project_id": project, "file_name": "a.txt"}).success().response["file"]["file_id"]
    uploader.delete(f"files/{other}").success()
    uploader.content(none, b"own").success()
    assert uploader.get(f"files/{none}/download").http.content == b"own"
    uploader.content(none, b"other").success()
    assert uploader.disk.all() == {"a.txt": 5}


@pytest.fixture
def no_hash(mariadb, start_uploader, store):
    """change(sql): a gateway with that change of an empty table of files, and files.path by name."""
    def run(sql):
        mariadb.run(sql, database=writing.DATABASE)

    def change(sql):
        run(f"ALTER TABLE {TABLE} {sql}")
        return start_uploader({"files.path": "{file_name}"})

    run(f"RENAME TABLE {TABLE} TO files_before")
    run(f"CREATE TABLE {TABLE} LIKE files_before")
    yield change
    run(f"DROP TABLE {TABLE}")
    run(f"RENAME TABLE files_before TO {TABLE}")


def test_an_empty_file_where_the_table_has_no_hash(no_hash):
    """data-model.md: file_sha256 may be missing. Nothing then tells an empty file from none, and nothing is lost."""
    uploader = no_hash("DROP COLUMN file_sha256")
    number = put_file(uploader, b"", file_name="a.txt")
    assert uploader.disk.all() == {"a.txt": 0}
    uploader.content(number, b"longer").success()
    assert uploader.get(f"files/{number}/download").http.content == b"longer"
    uploader.content(number, b"").success()
    assert uploader.get(f"files/{number}/download").http.content == b""
    uploader.delete(f"files/{number}").success()
    assert uploader.disk.all() == {}


def test_a_table_that_cannot_say_that_there_are_none(no_hash):
    """Without a column for the size, too, every record has bytes."""
    uploader = no_hash("DROP COLUMN file_sha256, DROP COLUMN file_size")
    number = put_file(uploader, b"bytes", file_name="a.txt")
    with uploader.nothing_stored():
        for params in ({"file_name": "a.txt"}, [{"file_name": "b.txt"}]):
            assert faults(uploader.post("files", params).expect(422)) == {"file_content": "invalid_value"}
    assert uploader.get(f"files/{number}/download").http.content == b"bytes"
    uploader.delete(f"files/{number}").success()
    assert uploader.disk.all() == {}


@pytest.mark.parametrize("template,column", [("{thread_id}/{file_version}.bin", "thread_id"), ("{file_status}/{file_id}", "file_status")])
def test_a_first_version_stays_while_later_bytes_lie_by_what_it_hands_on(start_uploader, store, project, template, column):
    """Section 6: the thread goes on with its next version, by a column that says where bytes lie: 409, and nothing is lost."""
    uploader = start_uploader({"files.path": template})
    first = put_file(uploader, b"v1", project_id=project)
    store.set("files", first, file_status="open")
    second, third = (put_file(uploader, data, thread_id=first) for data in (b"v2", b"v3"))
    if column == "file_status":
        uploader.content(first, b"v1", {"file_status": "closed"}).success()
    with uploader.nothing_stored():
        answer = uploader.delete(f"files/{first}").expect(409, code="record_locked", field=column)
        assert f"file {second}" in answer.response["errors"][0]["detail"]
        for number, data in ((second, b"v2"), (third, b"v3")):
            assert uploader.get(f"files/{number}/download").http.content == data
    if column == "thread_id":
        for number in (third, second, first):
            uploader.delete(f"files/{number}").success()
        assert uploader.disk.all() == {}


# ---- many at once ----------------------------------------------------------------------------

def test_eight_uploads_at_once(uploader, store, project):
    """Each its own bytes, in every way at once."""
    def send(i):
        data = noise(300_000 + i, i)
        if i % 2:
            return data, uploader.upload(data, {"project_id": project}, chunked=i % 4 == 1)
        return data, uploader.content(numbers[i], data, chunked=i % 4 == 2)
    numbers = {i: store.insert("files", file_name=f"f{i}", project_id=project) for i in range(0, 16, 2)}
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        for data, answer in threads.map(send, range(16)):
            assert answer.status == 200, answer.http.text
    rows = store.run(f"SELECT file_path, file_sha256, file_size FROM {TABLE} WHERE project_id=%s", project)
    assert len(rows) == 16
    for path, digest, size in rows:
        assert sha256(uploader.disk.read(path)) == digest
        assert len(uploader.disk.read(path)) == size
    assert not uploader.disk.begun()
