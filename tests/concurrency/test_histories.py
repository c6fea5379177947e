"""Requests that meet at a few orders, from outside: whatever was answered, some order of the requests explains it."""

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx2
import psutil
import pytest
from psycopg.conninfo import make_conninfo

from tests.commands import FIRST_KEY, PUBLIC_KEY, SECRET_KEY, database_runs, open_directory, until
from tests.concurrency.explain import explain, find_wrong_times
from tests.concurrency.servers import Server, running
from tests.concurrency.writers import SEEDS, Round
from tests.support import Account, make_account

SOON_BUSY = {"ORDERDOCK_CONFLICT_WAIT_MS": "15"}
REPEATABLE_READ = r"-c default_transaction_isolation=repeatable\ read"


def assert_explained(rounds: Iterable[Round]) -> None:
    for each in rounds:
        unexplained = explain(each.history.events)
        assert unexplained is None, f"seed {each.seed}: {unexplained}"


def assert_nothing_else_is_stored(rounds: Iterable[Round]) -> None:
    """What the rounds saw last is all there is, and no id was of two orders."""
    rounds = list(rounds)
    last = [seen for each in rounds for seen in each.history.last_list()]
    stored = list(all_orders(rounds[0].account))
    assert sorted(order["id"] for order in stored) == sorted(seen.id for seen in last)
    named = {(id_, key) for each in rounds for key, ids in each.ids.items() for id_ in ids}
    assert len({id_ for id_, _ in named}) == len(named)


def all_orders(account: Account) -> Iterator[dict]:
    url = "/orders?page_size=200"
    while url:
        answer = account.client.get(url)
        yield from answer.json()["data"]
        url = answer.links.get("next", {}).get("url")


@pytest.fixture(params=["one worker", "two workers", "little patience", "repeatable read"])
def met(request, db, database_url, tmp_path) -> Iterator[Account]:
    """An account whose requests meet in several kinds of server."""
    workers = 2 if request.param == "two workers" else 1
    url = make_conninfo(database_url, options=REPEATABLE_READ) if request.param == "repeatable read" else database_url
    settings = SOON_BUSY if request.param == "little patience" else {}
    with running(tmp_path / "log", "--workers", workers, ORDERDOCK_DATABASE_URL=url, **settings) as one:
        account = make_account(db, one.url)
        with account.client:
            yield account


def test_every_history_is_explained(met):
    rounds = [Round(met, seed) for seed in SEEDS]
    for each in rounds:
        each.run()
    assert_explained(rounds)
    assert_nothing_else_is_stored(rounds)
    assert [event for each in rounds for event in each.history.events if event.outcome == "unknown"] == []


def test_modified_at_never_goes_back_and_moves_with_each_change(db, server):
    account = make_account(db, server)
    with account.client:
        for seed in SEEDS[:8]:
            assert find_wrong_times(Round(account, seed).run()) == [], f"seed {seed}"


# Kills, while requests are under way


def run_until(rounds: Sequence[Round], kill: Callable[[], None]) -> None:
    """Let all rounds go on at once until something is killed, and a moment more."""
    with ThreadPoolExecutor(len(rounds)) as threads:
        started = [threads.submit(each.run, writes=10_000) for each in rounds]
        time.sleep(0.4)
        kill()
        time.sleep(0.2)
        for each in rounds:
            each.stop()
        for each in started:
            each.result()


def assert_some_are_unknown(rounds: Iterable[Round]) -> None:
    assert any(event.outcome == "unknown" and event.sent for each in rounds for event in each.history.events)


def test_after_a_kill_all_that_was_answered_is_there_and_the_rest_whole_or_not_at_all():
    """First of the server, then of everything, PostgreSQL included."""
    with open_directory() as directory, ExitStack() as stack:
        words = directory / "log", "--data-dir", directory / "data"
        server = stack.enter_context(running(*words, **FIRST_KEY))
        account = stack.enter_context(first_account(server.url))
        rounds: list[Round] = []
        for kill in (kill_server, kill_everything):
            met = [Round(account, seed) for seed in range(len(rounds), len(rounds) + 3)]
            run_until(met, partial(kill, server, directory / "data"))
            assert_some_are_unknown(met)
            server = stack.enter_context(running(*words, port=server.port))
            rounds += met
            for each in rounds:
                each.read_all()
        assert_explained(rounds)
        assert_nothing_else_is_stored(rounds)


@contextmanager
def first_account(url: str) -> Iterator[Account]:
    with httpx2.Client(base_url=f"{url}/api/v3", auth=(PUBLIC_KEY, SECRET_KEY), timeout=60) as client:
        yield Account(1, 1, 1, PUBLIC_KEY, SECRET_KEY, client)


def kill_server(server: Server, data: Path) -> None:
    server.kill()
    assert database_runs(data)


def kill_everything(server: Server, data: Path) -> None:
    postmaster = int((data / "postgres" / "postmaster.pid").read_text().split()[0])
    server.kill()
    os.kill(postmaster, signal.SIGKILL)
    until(lambda: not database_runs(data))


def test_after_a_kill_of_one_of_two_workers_too(db, database_url, tmp_path):
    with running(tmp_path / "log", "--workers", 2, ORDERDOCK_DATABASE_URL=database_url) as server:
        account = make_account(db, server.url)
        with account.client:
            rounds = [Round(account, seed) for seed in SEEDS[:3]]
            run_until(rounds, partial(kill_a_worker, server))
            for each in rounds:
                each.read_all()
            assert_some_are_unknown(rounds)
            assert_explained(rounds)
            assert_nothing_else_is_stored(rounds)


def kill_a_worker(server: Server) -> None:
    """End the worker that has most to do."""
    children = psutil.Process(server.process.pid).children()
    max(children, key=lambda child: len(child.net_connections("tcp"))).kill()
