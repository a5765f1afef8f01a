"""What the tests of faults share. A module that needs other rows has a load_own(server)."""

import pytest

from support.hurt import hurt_mariadb, load_whmcs
from support.sql_proxy import SqlProxy


@pytest.fixture(scope="module")
def own(request):
    """A MariaDB that may be hurt."""
    with hurt_mariadb(getattr(request.module, "load_own", load_whmcs)) as server:
        yield server


@pytest.fixture
def proxy(own):
    """Stands between a gateway and it."""
    proxy = SqlProxy(own.folder / "proxy.sock", own.socket)
    yield proxy
    proxy.stop()
