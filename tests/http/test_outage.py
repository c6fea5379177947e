"""C-247: the database goes away and comes back, and the server stays."""

import fcntl
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg

from orderdock.db.embedded import embedded_database
from orderdock.db.migrate import migrate
from tests.support import Db, make_account, serving

UNAVAILABLE = {
    "errors": [
        {
            "status": "503",
            "code": "server_error",
            "title": "Server error",
            "detail": "The database does not answer at the moment. Please try again.",
        }
    ]
}


@contextmanager
def a_database(home: Path):
    with embedded_database(home, print) as database, psycopg.connect(database.conninfo, autocommit=True) as connection:
        yield Db(connection)


def kill(home: Path) -> None:
    """End PostgreSQL as a crash does."""
    os.kill(int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
    with (home / "server.lock").open() as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)  # its processes hold it until the last of them has ended


def assert_unavailable(answer: httpx2.Response) -> None:
    assert (answer.status_code, answer.json()) == (503, UNAVAILABLE)
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Content-Type"] == "application/json"


def wait_for(status: int, url: str, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while httpx2.get(url, timeout=10).status_code != status:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_c247_without_a_database_requests_are_told_to_come_again_and_then_served(tmp_path):
    home, log = tmp_path / "data", tmp_path / "log"
    with embedded_database(home, print) as database:
        migrate(database.conninfo, lambda _: None)
        with (
            serving(log, ORDERDOCK_DATABASE_URL=database.conninfo) as url,
            ThreadPoolExecutor(9) as together,
        ):
            with psycopg.connect(database.conninfo, autocommit=True) as connection:
                account = make_account(Db(connection), url)
            with account.client as client:
                [id_] = account.create(account.order())
                requests = [
                    lambda: account.post([account.order("b")]),
                    lambda: account.patch(id_, {"order_number": "changed"}),
                    lambda: client.delete(f"/orders/{id_}"),
                    lambda: client.get("/orders"),
                    lambda: client.get("/integrations"),
                    lambda: client.get("/user/auth/metadata"),
                    lambda: client.get("/orders", auth=("some", "body")),
                    lambda: account.get(id_),
                    lambda: httpx2.get(f"{url}/readyz", timeout=10),
                ]
                before = account.show(id_)

                kill(home)
                for answer in [each.result() for each in [together.submit(request) for request in requests]]:
                    assert_unavailable(answer)
                alive = httpx2.get(f"{url}/healthz")
                assert (alive.status_code, alive.json()) == (200, {"data": {"status": "alive"}})
                assert client.get("/nothing").status_code == 404
                assert httpx2.get(f"{url}/api/v3/orders").status_code == 401

                with a_database(home) as db:
                    wait_for(200, f"{url}/readyz", within_s=6)
                    assert account.show(id_) == before
                    assert db.count("orders", account.id) == 1
                    assert [answer.status_code for answer in [request() for request in requests[:3]]] == [200, 200, 204]
                    assert client.get("/orders", auth=("some", "body")).status_code == 401
    assert "Traceback" not in log.read_text()
    assert "request.failed" not in log.read_text()


def test_a_database_that_cannot_be_written_to_or_has_no_schema_is_not_ready(tmp_path):
    log = tmp_path / "log"
    with embedded_database(tmp_path / "data", print) as database:
        migrate(database.conninfo, lambda _: None)
        with (
            serving(log, ORDERDOCK_DATABASE_URL=database.conninfo, ORDERDOCK_POOL_SIZE="3") as url,
            psycopg.connect(database.conninfo, autocommit=True) as connection,
        ):
            account = make_account(Db(connection), url)
            with account.client:
                [id_] = account.create(account.order())
                connection.execute("ALTER DATABASE orderdock SET default_transaction_read_only = on")
                end_other_connections(connection)
                for _ in range(4):  # each may meet a connection that has ended
                    account.get(id_)
                wait_for(503, f"{url}/readyz", 20)
                assert_unavailable(account.client.delete(f"/orders/{id_}"))
                assert account.get(id_).status_code == 200
                connection.execute("SET default_transaction_read_only = off")
                connection.execute("ALTER DATABASE orderdock RESET default_transaction_read_only")
                end_other_connections(connection)
                wait_for(200, f"{url}/readyz", 20)
                connection.execute("ALTER TABLE schema_migrations RENAME TO other")
                assert_unavailable(httpx2.get(f"{url}/readyz"))
    assert "Traceback" not in log.read_text()


def end_other_connections(connection: psycopg.Connection) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_a_fault_of_ours_is_logged_without_what_was_sent(tmp_path):
    log = tmp_path / "log"
    with embedded_database(tmp_path / "data", print) as database:
        migrate(database.conninfo, lambda _: None)
        with (
            serving(log, ORDERDOCK_DATABASE_URL=database.conninfo) as url,
            psycopg.connect(database.conninfo, autocommit=True) as connection,
        ):
            account = make_account(Db(connection), url)
            with account.client:
                connection.execute("ALTER TABLE orders RENAME TO other")
                answer = account.post([account.order("SECRET-ORDER")])
                [error] = answer.json()["errors"]
                assert (answer.status_code, error["code"]) == (500, "server_error")
                assert answer.headers["X-Request-Id"] in error["detail"]
                assert "UndefinedTable" not in answer.text
                connection.execute("ALTER TABLE api_keys RENAME TO others")
                wrong = httpx2.get(f"{url}/api/v3/orders", auth=("somebody", "SECRET-PASSWORD"))
                assert wrong.status_code == 500
    said = log.read_text()
    assert said.count("request.failed") == 2 and said.count("UndefinedTable") >= 2
    for secret in (account.secret_key, "SECRET-ORDER", "SECRET-PASSWORD", "Basic "):
        assert secret not in said
