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
