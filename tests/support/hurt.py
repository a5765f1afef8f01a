"""A MariaDB of one module's own that may be hurt, and what there is to do with it."""

import contextlib
import pathlib
import shutil
import tempfile
import time

import pytest

from support import fixture
from support.gateway import ROOT
from support.ports import wait_until
from support.servers import Mariadb
from support.sql_proxy import ANSWER, QUESTION, SILENCE

COMMIT = b"\x03COMMIT"
FATES = pytest.mark.parametrize("fate", [QUESTION, ANSWER, SILENCE])


def load_whmcs(server):
    fixture.load_structure(server, ROOT)
    fixture.load_rows(server, bad_text=False)


@contextlib.contextmanager
def hurt_mariadb(load=load_whmcs):
    """In a folder with a short path, since sockets lie in it; load(server) fills it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="portcullis-hurt-"))
    server = Mariadb(folder)
    try:
        server.start()
        load(server)
        yield server
        server.resume()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def count_of(server, table):
    """Rows of InnoDB's own tables, which are filled anew only when nobody has looked for 100 ms."""
    time.sleep(0.15)
    return server.run(f"SELECT COUNT(*) FROM information_schema.{table}", database=None)[0][0]


def settled(server):
    """No transaction is open any more: the server has noticed who is gone."""
    wait_until(lambda: count_of(server, "innodb_trx") == 0, 20, "transactions end")


@contextlib.contextmanager
def held(server, database, table, where):
    """Somebody holds these rows."""
    connection = server.connect(database)
    with connection.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute(f"SELECT 1 FROM {table} WHERE {where} FOR UPDATE")
    try:
        yield
    finally:
        connection.close()
