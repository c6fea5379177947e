"""A real server on a real PostgreSQL, started once a run, and an account of its own for every test.

TEST_DATABASE_URL names a PostgreSQL where a database may be created; without it the embedded one is used.
"""

import os
import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orderdock.db.embedded import embedded_database
from orderdock.db.migrate import migrate
from tests.support import CONFLICT_WAIT_MS, Account, Db, make_account, serving


@pytest.fixture(scope="session")
def database_url(tmp_path_factory) -> Iterator[str]:
    """A database of this run alone, with our schema and no rows."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        name = f"orderdock_test_{secrets.token_hex(6)}"
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            try:
                conninfo = make_conninfo(url, dbname=name)
                migrate(conninfo, lambda _: None)
                yield conninfo
            finally:
                admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        return
    with embedded_database(tmp_path_factory.mktemp("embedded") / "data", print) as database:
        migrate(database.conninfo, lambda _: None)
        yield database.conninfo


@pytest.fixture(scope="session")
def db(database_url: str) -> Iterator[Db]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield Db(connection)


@pytest.fixture(scope="session")
def server(database_url: str, tmp_path_factory) -> Iterator[str]:
    """The URL of the server that all tests share."""
    log = tmp_path_factory.mktemp("server") / "log"
    with serving(log, ORDERDOCK_DATABASE_URL=database_url, ORDERDOCK_CONFLICT_WAIT_MS=str(CONFLICT_WAIT_MS)) as url:
        yield url
    assert "Traceback" not in log.read_text() and "request.failed" not in log.read_text()


@pytest.fixture
def a(db: Db, server: str) -> Iterator[Account]:
    """Account A of the contract's cases."""
    account = make_account(db, server)
    with account.client:
        yield account


@pytest.fixture
def b(db: Db, server: str) -> Iterator[Account]:
    """Account B of the contract's cases; its i1 is J1."""
    account = make_account(db, server)
    with account.client:
        yield account


@pytest.fixture
def generated(db: Db, server: str) -> Iterator[Account]:
    """An account whose key has profile `openapi`, for clients generated from the public description."""
    account = make_account(db, server, profile="openapi")
    with account.client:
        yield account
