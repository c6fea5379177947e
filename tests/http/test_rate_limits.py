"""Behaviour 1.4: how many requests of an account pass, exactly, whichever worker or server they come to."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import NamedTuple

import httpx2
import psycopg
import pytest

from orderdock.db.embedded import embedded_database
from orderdock.db.migrate import migrate
from tests.commands import refusal, run, until
from tests.http.test_outage import end_other_connections, kill
from tests.support import Account, Db, make_account, make_key, serving

MANY = 1_000_000


class Limited(NamedTuple):
    """Makes accounts with limits, and clients of two servers that count together."""

    db: Db
    database_url: str
    server: str
    other: str
    clients: ExitStack

    def account(self, *limits: int | None, on: str | None = "on", server: str | None = None) -> Account:
        """An account with these limits from its first request on."""
        account = make_account(self.db, server or self.server)
        self.clients.enter_context(account.client)
        set_limits(self.db, account, on, *limits)
        return account

    def client(self, account: Account, server: str | None = None) -> httpx2.Client:
        """A client of the same account at another server: unless said, one that has two workers."""
        base_url = f"{server or self.other}/api/v3"
        return self.clients.enter_context(httpx2.Client(base_url=base_url, auth=account.client.auth, timeout=60))


@pytest.fixture(scope="module")
def other_server(database_url, tmp_path_factory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("other") / "log"
    with serving(log, "--workers", "2", ORDERDOCK_DATABASE_URL=database_url) as url:
        yield url
    assert "Traceback" not in log.read_text()


@pytest.fixture
def limited(db, database_url, server, other_server) -> Iterator[Limited]:
    with ExitStack() as clients:
        yield Limited(db, database_url, server, other_server, clients)


def set_limits(db: Db, account: Account, on: str | None, *numbers: int | None) -> None:
    """Say what `orderdock accounts limit` would: requests a minute, unsafe ones a minute, and a second."""
    db.connection.execute(
        "UPDATE accounts SET (rate_limits, safe_per_minute, unsafe_per_minute, unsafe_per_second)"
        " = (%s, %s, %s, %s) WHERE account_id = %s",
        [on, *(numbers or (None, None, None)), account.id],
    )


def let_pass(db: Db, account: Account, seconds: int) -> None:
    """Have the windows of an account begin that much earlier."""
    db.connection.execute(
        "UPDATE request_counts SET minute_at = minute_at - make_interval(secs => %(s)s),"
        " second_at = second_at - make_interval(secs => %(s)s) WHERE account_id = %(id)s",
        {"s": seconds, "id": account.id},
    )


def shown(answer: httpx2.Response) -> tuple[int, int] | None:
    """The limit, and how many requests are left of it; both only together with the seconds until that ends."""
    names = {name for name in answer.headers if name.startswith("ratelimit")}
    if not names:
        return None
    assert names == {"ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"}
    assert 1 <= int(answer.headers["RateLimit-Reset"]) <= 60
    return int(answer.headers["RateLimit-Limit"]), int(answer.headers["RateLimit-Remaining"])


def assert_throttled(answer: httpx2.Response, limit: int) -> int:
    """Check the whole refusal; gives the seconds to wait."""
    wait_s = int(answer.headers["Retry-After"])
    plural = "" if wait_s == 1 else "s"
    assert (answer.status_code, answer.json()) == (
        429,
        {
            "errors": [
                {
                    "status": "429",
                    "code": "throttled",
                    "title": "Throttled",
                    "detail": f"Too many requests. Please try again in {wait_s} second{plural}.",
                }
            ]
        },
    )
    assert answer.headers["Content-Type"] == "application/json"
    assert shown(answer) == (limit, 0)
    assert answer.headers["RateLimit-Reset"] == answer.headers["Retry-After"]
    return wait_s


def at_once(requests: int, *senders: Callable[[], httpx2.Response], threads: int = 16) -> list[httpx2.Response]:
    """Send as many requests by turns, and check that it took less than a window."""
    began = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda n: senders[n % len(senders)](), range(requests)))
    assert time.monotonic() - began < 59
    return answers


def statuses(answers: list[httpx2.Response]) -> dict[int, int]:
    return dict(Counter(answer.status_code for answer in answers))


# One account


def test_limits_are_off_unless_somebody_switches_them_on(a, db):
    [id_] = a.create(a.order())
    answers = [a.get(id_), a.get(0), a.post([a.order()]), a.post_raw("["), a.client.get("/integrations")]

    assert [shown(answer) for answer in answers] == [None] * 5
    assert db.count("request_counts", a.id) == 0


def test_safe_requests_a_minute(limited):
    a = limited.account(3, MANY, MANY)
    answers = [a.client.get("/orders"), a.client.head("/orders"), a.get(0)]

    assert [(each.status_code, shown(each)) for each in answers] == [(200, (3, 2)), (200, (3, 1)), (404, (3, 0))]
    assert 50 < assert_throttled(a.client.get("/orders"), 3) <= 60
    assert a.client.head("/orders").status_code == 429
    assert a.post([a.order()]).status_code == 200


def test_unsafe_requests_a_minute_and_a_batch_is_one(limited, db):
    a = limited.account(MANY, 4, MANY)
    id_, *_ = a.create(a.order("a"), a.order("b"), a.order("c"))
    answers = [a.patch(id_, {"order_number": "new"}), a.post_raw("["), a.client.patch(f"/integrations/{a.i1}", json={})]

    assert [(each.status_code, shown(each)) for each in answers] == [(200, (4, 2)), (400, (4, 1)), (204, (4, 0))]
    stored = a.found()
    for send in (
        lambda: a.post([a.order("d")]),
        lambda: a.patch(id_, {"order_number": "newer"}),
        lambda: a.client.delete(f"/orders/{id_}"),
        lambda: a.client.delete(f"/integrations/{a.i1}"),
    ):
        assert 50 < assert_throttled(send(), 4) <= 60
    assert a.found() == stored
    assert db.count("integrations", a.id) == 2


def test_unsafe_requests_a_second(limited, db):
    for _ in range(10):  # a busy machine may take more than a second for this
        a = limited.account(MANY, MANY, 2)
        began = time.monotonic()
        answers = [a.post([a.order(str(number))]) for number in range(3)]
        if time.monotonic() - began < 0.9:
            break
    assert [(each.status_code, shown(each)) for each in answers] == [(200, (2, 1)), (200, (2, 0)), (429, (2, 0))]
    assert assert_throttled(answers[2], 2) == 1
    assert db.count("orders", a.id) == 2

    time.sleep(1)
    assert a.post([a.order("2")]).status_code == 200
    assert db.count("orders", a.id) == 3


@pytest.mark.parametrize("after_s", [0, 0.4, 0.99])
def test_who_waits_as_long_as_told_is_let_in(limited, after_s):
    a = limited.account(MANY, MANY, 1)
    assert a.post([a.order()]).status_code == 200
    time.sleep(after_s)
    answer = a.post([a.order()])
    if answer.status_code == 429:  # else the machine was busy
        time.sleep(assert_throttled(answer, 1))
        assert a.post([a.order()]).status_code == 200


def test_headers_tell_of_the_limit_that_is_nearest(limited):
    a = limited.account(MANY, 5, 2)
    for expected in ((2, 1), (2, 1), (2, 1), (5, 1), (5, 0)):
        answer = a.post([a.order()])
        assert (answer.status_code, shown(answer)) == (200, expected)
        let_pass(limited.db, a, 1)
    assert 40 < assert_throttled(a.post([a.order()]), 5) <= 55


def test_a_new_window_begins_when_the_last_one_is_over(limited):
    a = limited.account(2, MANY, MANY)
    assert [shown(a.client.get("/orders")) for _ in range(2)] == [(2, 1), (2, 0)]
    let_pass(limited.db, a, 58)
    wait_s = assert_throttled(a.client.get("/orders"), 2)
    assert 1 <= wait_s <= 2
    time.sleep(wait_s)
    again = a.client.get("/orders")
    assert (shown(again), again.headers["RateLimit-Reset"]) == ((2, 1), "60")


def test_a_clock_that_was_set_back_stops_nobody(limited):
    a = limited.account(2, MANY, MANY)
    assert [shown(a.client.get("/orders")) for _ in range(2)] == [(2, 1), (2, 0)]
    let_pass(limited.db, a, -3600)
    assert shown(limited.client(a).get("/orders")) == (2, 1)


def test_a_refused_request_is_not_read(limited):
    a = limited.account(1, 1, MANY)
    assert shown(a.client.get("/orders")) == (1, 0)
    assert shown(a.post([a.order()])) == (1, 0)

    assert_throttled(a.client.get("/orders", params={"page_size": "x"}), 1)
    assert_throttled(a.post_raw("["), 1)
    assert_throttled(a.client.post("/orders", content=b"x", headers={"content-type": "text/plain"}), 1)
    assert_throttled(a.post_raw(b" " * 1_000_000), 1)


def test_every_answer_to_a_limited_key_has_the_headers(limited):
    a = limited.account(MANY, MANY, MANY)
    [id_] = a.create(a.order())
    read_only = make_key(limited.db, a.id, scopes=["read:order"])
    answers = {
        200: a.get(id_),
        204: a.client.delete(f"/orders/{id_}"),
        400: a.post_raw("["),
        403: a.client.get("/integrations", auth=read_only),
        404: a.get(0),
        413: a.post_raw(b" " * (10 * 2**20 + 1)),
        415: a.client.post("/orders", content=b"x", headers={"content-type": "text/plain"}),
    }
    assert {status: answer.status_code for status, answer in answers.items()} == {status: status for status in answers}
    assert [status for status, answer in answers.items() if shown(answer) is None] == []


def test_nothing_is_counted_where_no_key_is_looked_at(limited):
    a = limited.account(1, 1, MANY)
    for answer in (
        a.client.get("/orders", auth=(a.public_key, "wrong")),
        a.client.get("/nothing"),
        a.client.put("/orders"),
        a.client.options("/orders"),
        a.client.get("/openapi.json"),
        httpx2.get(f"{limited.server}/readyz"),
    ):
        assert shown(answer) is None
    assert shown(a.client.get("/orders")) == (1, 0)


def test_other_accounts_are_not_affected(limited, b):
    a, c = limited.account(1, MANY, MANY), limited.account(2, MANY, MANY)
    assert [a.client.get("/orders").status_code for _ in range(2)] == [200, 429]
    assert shown(c.client.get("/orders")) == (2, 1)
    assert shown(b.client.get("/orders")) is None


# Many servers


@pytest.mark.parametrize(("most", "sent"), [(7, 40), (60, 120), (1000, 1200)])
def test_over_all_workers_exactly_as_many_safe_requests_pass(limited, most, sent):
    a = limited.account(most, MANY, MANY)
    other = limited.client(a)
    answers = at_once(sent, lambda: a.client.get("/orders"), lambda: other.get("/orders"))

    assert statuses(answers) == {200: most, 429: sent - most}
    assert {shown(answer)[0] for answer in answers} == {most}
    assert limited.db.rows("SELECT minute_used FROM request_counts WHERE account_id = %s", a.id) == [(most,)]


def test_over_all_workers_exactly_as_many_unsafe_requests_pass(limited):
    a = limited.account(MANY, 25, MANY)
    other = limited.client(a)
    order = [a.order()]
    answers = at_once(60, lambda: a.post(order), lambda: other.post("/orders", json=order))

    assert statuses(answers) == {200: 25, 429: 35}
    assert sorted(shown(answer)[1] for answer in answers if answer.status_code == 200) == list(range(25))


def test_no_second_has_more_than_its_limit(limited):
    a = limited.account(MANY, MANY, 5)
    other = limited.client(a)
    began = time.monotonic()
    answers = at_once(200, lambda: a.post([a.order()]), lambda: other.post("/orders", json=[a.order()]))
    took_s = time.monotonic() - began
    passed = sum(answer.status_code != 429 for answer in answers)
    assert 5 <= passed <= 5 * (int(took_s) + 1)


def test_what_one_server_took_ahead_another_gets_back(limited):
    a = limited.account(600, MANY, MANY)
    answers = at_once(300, lambda: a.client.get("/orders"))
    other = limited.client(a)
    answers += at_once(350, lambda: other.get("/orders"))

    assert statuses(answers) == {200: 600, 429: 50}


def test_a_server_that_stops_gives_back_what_it_took_ahead(limited, tmp_path):
    a = limited.account(MANY, MANY, MANY)
    answered = []

    def send_until_it_stops(url: str) -> None:
        client = limited.client(a, url)
        with suppress(httpx2.TransportError):
            while True:
                answered.append(client.get("/orders/0").status_code)

    with (
        ThreadPoolExecutor(4) as pool,
        serving(tmp_path / "log", ORDERDOCK_DATABASE_URL=limited.database_url) as url,
    ):
        for _ in range(4):
            pool.submit(send_until_it_stops, url)
        until(lambda: len(answered) > 500, within_s=60)
    [(used, ahead)] = limited.db.rows("SELECT minute_used, ahead FROM request_counts WHERE account_id = %s", a.id)
    assert (set(answered), used, ahead) == ({404}, len(answered), 0)


def test_what_a_killed_server_held_is_waited_for_only_for_a_moment(limited):
    a = limited.account(10, MANY, MANY)
    assert a.client.get("/orders").status_code == 200
    limited.db.connection.execute(
        "UPDATE request_counts SET minute_used = 10, ahead = 5, ahead_until = clock_timestamp() + interval '0.5 s'"
        " WHERE account_id = %s",
        [a.id],
    )
    began = time.monotonic()
    assert_throttled(a.client.get("/orders"), 10)
    assert 0.3 < time.monotonic() - began < 5


# The owner's word


@pytest.fixture(scope="module")
def limiting_server(database_url, tmp_path_factory) -> Iterator[str]:
    """A server that limits every account, with two numbers of its own."""
    log = tmp_path_factory.mktemp("limiting") / "log"
    environment = {"ORDERDOCK_RATE_LIMITS": "on", "ORDERDOCK_UNSAFE_PER_SECOND": "14"}
    with serving(log, ORDERDOCK_DATABASE_URL=database_url, **environment) as url:
        yield url


def test_a_server_may_limit_every_account(limited, limiting_server):
    a = limited.account(on=None, server=limiting_server)
    assert shown(a.client.get("/orders")) == (1000, 999)
    assert shown(a.post([a.order()])) == (14, 13)


def test_an_account_has_the_last_word(limited, limiting_server):
    off = limited.account(on="off", server=limiting_server)
    own = limited.account(7, None, 3, server=limiting_server)
    on = limited.account(server=limiting_server)
    assert [shown(each.client.get("/orders")) for each in (off, own, on)] == [None, (7, 6), (1000, 999)]
    assert [shown(each.post([each.order()])) for each in (off, own, on)] == [None, (3, 2), (14, 13)]


def test_the_numbers_of_the_contract_are_the_default(limited):
    a = limited.account()
    assert shown(a.client.get("/orders")) == (1000, 999)
    for _ in range(10):
        let_pass(limited.db, a, 60)
        answers = at_once(20, lambda: a.post([a.order()]), threads=8)
        if statuses(answers).get(429) == 5:
            break
        time.sleep(1)
    assert statuses(answers) == {200: 15, 429: 5}
    assert {shown(answer)[0] for answer in answers} == {15}
    limited.db.connection.execute("UPDATE request_counts SET minute_used = 99 WHERE account_id = %s", [a.id])
    time.sleep(1)
    assert shown(a.post([a.order()])) == (100, 0)


def test_a_change_of_limits_counts_at_once(a, db):
    assert shown(a.client.get("/orders")) is None
    for limit in (5000, 9000, 3000, 7000):
        set_limits(db, a, "on", limit, 5, 5)
        until(lambda limit=limit: (shown(a.client.get("/orders")) or [0])[0] == limit, within_s=2)
        assert {shown(a.client.get("/orders"))[0] for _ in range(5)} == {limit}
    set_limits(db, a, "on", 2, 5, 5)
    until(lambda: a.client.get("/orders").status_code == 429, within_s=2)
    assert_throttled(a.client.get("/orders"), 2)
    set_limits(db, a, "off")
    until(lambda: shown(a.client.get("/orders")) is None, within_s=2)


def test_who_was_refused_passes_when_the_limit_is_raised(limited):
    a = limited.account(1, MANY, MANY)
    assert [a.client.get("/orders").status_code for _ in range(3)] == [200, 429, 429]
    set_limits(limited.db, a, "on", MANY, 5, 5)
    until(lambda: a.client.get("/orders").status_code == 200, within_s=2)
    assert shown(a.client.get("/orders")) == (MANY, MANY - 3)


def test_who_waits_for_the_count_passes_when_the_limit_is_raised(limited):
    a = limited.account(1, MANY, MANY)
    assert a.client.get("/orders").status_code == 200
    with ThreadPoolExecutor(2) as pool:
        with psycopg.connect(limited.database_url) as counting:
            counting.execute("SELECT FROM request_counts WHERE account_id = %s FOR UPDATE", [a.id])
            before = pool.submit(a.client.get, "/orders")
            time.sleep(0.3)
            set_limits(limited.db, a, "on", 3, MANY, MANY)
            time.sleep(0.3)
            after = pool.submit(a.client.get, "/orders")
            time.sleep(0.3)
        assert {shown(each.result()) for each in (before, after)} == {(3, 1), (3, 0)}


def test_a_command_limits_an_account_while_servers_run(a, db, database_url):
    def said(*words: object) -> str:
        ended = run("accounts", *words, "--database-url", database_url)
        assert (ended.status, ended.err) == (0, ""), ended
        return ended.out

    def heard(limit: int | None) -> bool:
        until(lambda: (shown(a.client.post("/orders", content=b"[")) or [None])[0] == limit, within_s=2)
        return True

    assert said("limit", a.id, "--safe-per-minute", 50, "--unsafe-per-second", 5) == (
        f"Limits of account {a.id}: on, 50 safe per minute, 5 unsafe per second.\n"
    )
    assert heard(5)
    assert shown(a.client.get("/orders")) == (50, 49)
    assert said("limit", a.id, "--unsafe-per-minute", 2) == f"Limits of account {a.id}: on, 2 unsafe per minute.\n"
    assert heard(2)
    assert shown(a.client.get("/orders"))[0] == 1000
    assert said("limit", a.id, "--off") == f"Limits of account {a.id}: off.\n"
    assert heard(None)
    assert said("limit", a.id, "--on") == f"Limits of account {a.id}: on.\n"
    until(lambda: shown(a.client.get("/orders")) is not None)
    assert shown(a.client.get("/orders"))[0] == 1000
    assert said("limit", a.id, "--default") == f"Limits of account {a.id}: as the server's settings say.\n"
    assert heard(None)

    row = json.loads(said("limit", a.id, "--on", "--safe-per-minute", 7, "--json"))
    assert row == {
        "id": a.id,
        "name": "test",
        "created_at": row["created_at"],
        "rate_limits": "on",
        "safe_per_minute": 7,
        "unsafe_per_minute": None,
        "unsafe_per_second": None,
    }
    assert row in json.loads(said("list", "--json"))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([1], "Say numbers or --on, or --off, or --default."),
        ([1, "--on", "--off"], "Say numbers or --on, or --off, or --default."),
        ([1, "--default", "--safe-per-minute", 1], "Say numbers or --on, or --off, or --default."),
        ([2**62, "--on"], f"There is no account {2**62}; `orderdock accounts list` shows them."),
        ([1, "--safe-per-minute", 0], "Invalid value for '--safe-per-minute'"),
        ([1, "--safe-per-minute", 2**31], "Invalid value for '--safe-per-minute'"),
    ],
)
def test_limits_that_make_no_sense_are_refused(database_url, words, line):
    assert refusal("accounts", "limit", *words, "--database-url", database_url).startswith(line)


# When things go wrong


def test_a_fault_of_ours_has_the_headers_and_what_cannot_be_counted_does_not_pass(tmp_path):
    home, log = tmp_path / "data", tmp_path / "log"
    nine_a_minute = {"ORDERDOCK_RATE_LIMITS": "on", "ORDERDOCK_SAFE_PER_MINUTE": "9"}
    with embedded_database(home, print) as database:
        migrate(database.conninfo, lambda _: None)
        with (
            serving(log, ORDERDOCK_DATABASE_URL=database.conninfo, **nine_a_minute) as url,
            psycopg.connect(database.conninfo, autocommit=True) as connection,
        ):
            a = make_account(Db(connection), url)
            with a.client:
                assert a.get(0).status_code == 404
                connection.execute("ALTER TABLE orders RENAME TO other")
                broken = a.get(1)
                assert (broken.status_code, shown(broken)) == (500, (9, 7))
                connection.execute("ALTER TABLE other RENAME TO orders")
                connection.execute("ALTER DATABASE orderdock SET default_transaction_read_only = on")
                end_other_connections(connection)
                assert [a.get(0).status_code for _ in range(6)] == [503] * 6
                kill(home)
                for answer in (a.get(1), a.post([a.order()])):
                    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert log.read_text().count("Traceback") + log.read_text().count("request.failed") == 1
