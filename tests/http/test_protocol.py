"""Connections, on raw sockets: of what is no request nothing is done, and every waiting has an end."""

import json
import resource
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pytest

from tests.commands import start, until
from tests.support import Account, free_port, make_account, serving, wait_until_ready

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
ALIVE = {"data": {"status": "alive"}}
MB = 2**20
HARD = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
SOON_S = 5.0  # on a busy machine


@dataclass(frozen=True)
class Answer:
    """One answer, as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        return json.loads(self.body)


def connect(url: str, timeout_s: float = 20) -> socket.socket:
    return socket.create_connection(("127.0.0.1", httpx2.URL(url).port), timeout=timeout_s)


def read_answers(connection: socket.socket) -> list[Answer]:
    """Read until the server closes; raises if it does not, or resets the connection."""
    data = b"".join(iter(lambda: connection.recv(MB), b""))
    answers = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        assert len(headers) == len(lines)
        size = int(headers.get("content-length", 0))
        answers.append(Answer(int(first.split()[1]), headers, data[:size]))
        assert len(data) >= size
        data = data[size:]
    return answers


def exchange(url: str, *parts: bytes, pause_s: float = 0.05, end: bool = False) -> list[Answer]:
    """Send parts over a new connection, and give the answers that come until the server closes it."""
    with connect(url) as connection:
        for number, part in enumerate(parts):
            time.sleep(pause_s if number else 0)
            connection.sendall(part)
        if end:
            connection.shutdown(socket.SHUT_WR)
        return read_answers(connection)


def key(account: Account) -> str:
    return "Authorization: Basic " + b64encode(f"{account.public_key}:{account.secret_key}".encode()).decode()


def request(account: Account, body: bytes = b"", *lines: str, method: str = "POST", framed: bool = True) -> bytes:
    """A request to /orders with the account's key; its length is said unless `framed` is False."""
    length = [f"Content-Length: {len(body)}"] if framed and body else []
    head = [f"{method} /api/v3/orders HTTP/1.1", "Host: x", key(account), *length, *lines, "", ""]
    return "\r\n".join(head).encode() + body


def upsert(account: Account, order_id: str, *lines: str) -> bytes:
    return request(account, json.dumps([account.order(order_id)]).encode(), *lines)


def chunked(body: bytes, size: int = 65536) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def assert_refused(answer: Answer, status: int, code: str, title: str, detail: str | None = None) -> None:
    """In the envelope, with the headers of every refusal, and the last one."""
    [error] = answer.json()["errors"]
    assert (answer.status, error["status"], error["code"], error["title"]) == (status, str(status), code, title)
    if detail:
        assert error["detail"] == detail
    assert set(error) == {"status", "code", "title", "detail"}
    assert set(answer.headers) - {"retry-after"} == {
        "date", "content-type", "content-length", "x-request-id", "connection",
    }  # fmt: skip
    assert (answer.headers["content-type"], answer.headers["connection"]) == ("application/json", "close")


# What is no request

INVALID = (400, "invalid", "Invalid")
SLOW = (408, "request_timeout", "Request timeout", "The request did not arrive in time.")
LONG_TARGET = (414, "uri_too_long", "URI too long", "The target of the request should have at most 32768 bytes.")
LARGE_HEAD = (
    431,
    "headers_too_large",
    "Headers too large",
    "The head of the request should have at most 65536 bytes.",
)
VERSION = (505, "http_version_not_supported", "HTTP version not supported", "This server speaks HTTP/1.1.")
TARGET = (*INVALID, "The target of the request should be a path of printable ASCII characters.")
CODING = (*INVALID, "The only Transfer-Encoding is chunked, and only in HTTP/1.1.")


def head(*lines: str) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def post(*lines: str) -> bytes:
    """The head of a POST by the account; <key> is filled in."""
    return head("POST /api/v3/orders HTTP/1.1", "Host: x", "<key>", *lines)


def got(target: str) -> bytes:
    return head(f"GET {target} HTTP/1.1", "Host: x", "<key>")


MESSAGES = {
    "two Hosts": (head("GET / HTTP/1.1", "Host: x", "Host: y"), (*INVALID, "The request should have one Host header.")),
    "the same Host twice": (
        post("Host: x", "Content-Length: 0"),
        (*INVALID, "The request should have one Host header."),
    ),
    "no Host": (head("GET /healthz HTTP/1.1"), (*INVALID, "The request should have a Host header.")),
    "two Hosts in HTTP/1.0": (
        head("GET / HTTP/1.0", "Host: x", "host: y"),
        (*INVALID, "The request should have one Host header."),
    ),
    "a length and chunks": (post("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n", INVALID),
    "chunks and a length": (post("Transfer-Encoding: chunked", "Content-Length: 5") + b"0\r\n\r\n", INVALID),
    "two lengths": (post("Content-Length: 2", "Content-Length: 4") + b"[]", INVALID),
    "the same length twice": (post("Content-Length: 2", "Content-Length: 2") + b"[]", INVALID),
    "a list of lengths": (post("Content-Length: 2, 2") + b"[]", INVALID),
    "a length with a sign": (post("Content-Length: +2") + b"[]", INVALID),
    "a length below 0": (post("Content-Length: -2") + b"[]", INVALID),
    "no length": (post("Content-Length: ") + b"[]", INVALID),
    "a length beyond all numbers": (post("Content-Length: 18446744073709551618") + b"[]", INVALID),
    "a coding before chunked": (post("Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", CODING),
    "another coding": (post("Transfer-Encoding: xchunked") + b"0\r\n\r\n", CODING),
    "chunked twice": (post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + b"0\r\n\r\n", INVALID),
    "chunked after a vertical tab": (post("Transfer-Encoding:\x0bchunked") + b"0\r\n\r\n", INVALID),
    "chunks in HTTP/1.0": (
        post("Transfer-Encoding: chunked").replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n",
        CODING,
    ),
    "a chunk size that is no number": (post("Transfer-Encoding: chunked") + b"zz\r\n[]\r\n0\r\n\r\n", INVALID),
    "a chunk size with 0x": (post("Transfer-Encoding: chunked") + b"0x2\r\n[]\r\n0\r\n\r\n", INVALID),
    "a chunk size below 0": (post("Transfer-Encoding: chunked") + b"-2\r\n[]\r\n0\r\n\r\n", INVALID),
    "a chunk size beyond all numbers": (
        post("Transfer-Encoding: chunked") + b"f" * 17 + b"\r\n[]\r\n0\r\n\r\n",
        INVALID,
    ),
    "a chunk longer than it says": (post("Transfer-Encoding: chunked") + b"1\r\n[]\r\n0\r\n\r\n", INVALID),
    "chunks with bare line feeds": (post("Transfer-Encoding: chunked") + b"2\n[]\n0\n\n", INVALID),
    "a line feed in a chunk's extension": (post("Transfer-Encoding: chunked") + b"2;a\nb\r\n[]\r\n0\r\n\r\n", INVALID),
    "a folded header": (post("A: b\r\n c", "Content-Length: 2") + b"[]", INVALID),
    "white space before the first header": (head("GET / HTTP/1.1", " Host: x"), INVALID),
    "white space before a colon": (post("Content-Length : 2") + b"[]", INVALID),
    "a header without a name": (post(": 2"), INVALID),
    "a header without a colon": (post("abc"), INVALID),
    "a NUL in a header's value": (post("A: b\0c"), INVALID),
    "a NUL in a header's name": (post("A\0: b"), INVALID),
    "a control character in a header": (post("A: b\x01c"), INVALID),
    "a bare carriage return in a header": (post("A: b\rContent-Length: 2") + b"[]", INVALID),
    "a bare line feed after a header": (post("A: b\nContent-Length: 2") + b"[]", INVALID),
    "bare line feeds": (b"GET /healthz HTTP/1.1\nHost: x\n\n", INVALID),
    "a line feed for the end of the head": (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\n", INVALID),
    "a method that nobody knows": (head("FETCH /healthz HTTP/1.1", "Host: x"), INVALID),
    "a method in small letters": (head("get /healthz HTTP/1.1", "Host: x"), INVALID),
    "a tab after the method": (head("GET\t/healthz HTTP/1.1", "Host: x"), INVALID),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", INVALID),
    "raw UTF-8 in the target": (got("/\xc3\xa9"), TARGET),
    "a NUL in the target": (got("/\0"), TARGET),
    "a space in the target": (got("/a b"), INVALID),
    "a fragment": (got("/healthz#a"), TARGET),
    "a relative target": (got("healthz"), TARGET),
    "an asterisk": (got("*"), TARGET),
    "another host in the target": (got("http://y/healthz"), TARGET),
    "a user in the target": (got("http://u@x/healthz"), TARGET),
    "no host in the target": (got("http:///healthz"), TARGET),
    "another scheme": (got("ftp://x/healthz"), TARGET),
    "CONNECT": (head("CONNECT x:443 HTTP/1.1", "Host: x:443"), (*INVALID, "This server is no proxy.")),
    "HTTP/0.9": (b"GET /healthz\r\n\r\n", VERSION),
    "HTTP/1.2": (head("GET /healthz HTTP/1.2", "Host: x"), VERSION),
    "HTTP/2.0": (head("GET /healthz HTTP/2.0", "Host: x"), VERSION),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION),
    "http in small letters": (head("GET /healthz http/1.1", "Host: x"), INVALID),
    "a target of 40 KB": (got("/" + "a" * 40_000), LONG_TARGET),
    "a target without end": (b"GET /" + b"a" * 300_000, LONG_TARGET),
    "a head of 70 KB": (post("A: " + "b" * 70_000), LARGE_HEAD),
    "a head without end": (post("A: b")[:-2] + b"A: b\r\n" * 100_000, LARGE_HEAD),
    "a header without end": (post("A: b")[:-2] + b"A: " + b"b" * 300_000, LARGE_HEAD),
    "trailers without end": (post("Transfer-Encoding: chunked") + b"0\r\n" + b"A: b\r\n" * 100_000, LARGE_HEAD),
    "a chunk's extension without end": (post("Transfer-Encoding: chunked") + b"2;" + b"a" * 300_000, LARGE_HEAD),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_no_request_is_refused_and_what_follows_is_not_read(a, server, name):
    message, refusal = MESSAGES[name]

    answers = exchange(server, message.replace(b"<key>", key(a).encode()) + upsert(a, "smuggled"))

    assert len(answers) == 1
    assert_refused(answers[0], *refusal)
    assert a.found() == []


@pytest.mark.parametrize("size", range(1, 40, 3))
def test_a_message_is_refused_in_whatever_pieces_it_comes(a, server, size):
    message = post("Content-Length: 5", "Transfer-Encoding: chunked")[:-4].replace(b"<key>", key(a).encode())
    parts = [message[:-size], message[-size:] + b"\r\n\r\n0\r\n\r\n" + upsert(a, "smuggled")]

    [answer] = exchange(server, *parts, pause_s=0.01)

    assert_refused(answer, *INVALID)
    assert a.found() == []


def test_a_refusal_says_the_request_id_that_was_sent(server):
    [answer] = exchange(server, head("GET / HTTP/1.1", "X-Request-Id: mine", "Host: x", "Host: y"))

    assert answer.headers["x-request-id"] == "mine"


def test_requests_before_a_refused_one_are_answered_first(a, server):
    answers = exchange(server, upsert(a, "one") + HEALTH + b"\0" + upsert(a, "two"))

    assert [answer.status for answer in answers] == [200, 200, 400]
    assert_refused(answers[2], *INVALID)
    assert [order["order_id"] for order in a.found()] == ["one"]


def test_a_refused_body_behind_a_request_is_answered_after_it(a, server):
    bad = request(a, b"2\r\n[]\r\nzz\r\n", "Transfer-Encoding: chunked", framed=False)

    answers = exchange(server, upsert(a, "one") + bad + upsert(a, "two"))

    assert [answer.status for answer in answers] == [200, 400]
    assert_refused(answers[1], *INVALID)
    assert [order["order_id"] for order in a.found()] == ["one"]


# What is a request


def test_large_heads_and_targets_below_the_bound_are_read(server):
    answers = exchange(
        server,
        head(f"GET /healthz?a={'a' * 16_000} HTTP/1.1", "Host: x", f"A: {'b' * 40_000}"),
        head("GET /healthz HTTP/1.1", "Host: x", "Connection: close"),
    )

    assert [(answer.status, answer.json()) for answer in answers] == [(200, ALIVE), (200, ALIVE)]


@pytest.mark.parametrize(("size", "status"), [(32_768, 404), (32_769, 414)])
def test_a_target_may_have_as_many_bytes_as_the_bound(server, size, status):
    lines = f"GET /{'a' * (size - 1)} HTTP/1.1", "Host: x", "Connection: close"

    [answer] = exchange(server, head(*lines))

    assert answer.status == status


def test_an_absolute_target_with_the_same_host_is_read(server):
    [answer] = exchange(server, head("GET http://X/healthz HTTP/1.1", "Host: x", "Connection: close"))

    assert (answer.status, answer.json()) == (200, ALIVE)


def test_an_offer_of_another_protocol_is_passed_over(a, server):
    offer = "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAA"
    first, second = upsert(a, "one", *offer), upsert(a, "two", "Connection: close")

    answers = exchange(server, first[:-20], first[-20:] + second)

    assert [answer.status for answer in answers] == [200, 200]
    assert [order["order_id"] for order in a.found()] == ["two", "one"]


def test_trailers_are_no_headers(a, server):
    body = chunked(json.dumps([a.order("one")]).encode())[:-2] + b"Prefer: return=representation\r\n\r\n"

    [answer] = exchange(server, request(a, body, "Transfer-Encoding: chunked", "Connection: close", framed=False))

    assert (answer.status, set(answer.json()["data"][0])) == (200, {"id", "order_id", "order_number"})
    assert "preference-applied" not in answer.headers


def test_a_client_that_sends_no_more_gets_its_answers(a, server):
    [answer] = exchange(server, upsert(a, "one"), end=True)
    [refusal] = exchange(server, b"hello\r\n", end=True)

    assert (answer.status, len(a.found())) == (200, 1)
    assert_refused(refusal, *INVALID)


def test_pipelined_requests_are_answered_in_order(a, server):
    requests = [upsert(a, f"o{number}", f"X-Request-Id: {number}") for number in range(20)]
    requests += [HEALTH.replace(b"Host", b"X-Request-Id: %d\r\nHost" % number) for number in range(20, 2000)]
    last = head("GET /healthz HTTP/1.1", "Host: x", "X-Request-Id: last", "Connection: close")

    answers = exchange(server, b"".join(requests) + last)

    assert [answer.headers["x-request-id"] for answer in answers] == [*map(str, range(2000)), "last"]
    assert {answer.status for answer in answers} == {200}
    assert len(a.found()) == 20


# Expect: 100-continue


def test_a_body_that_waits_to_be_asked_for_is_asked_for(a, server):
    whole = upsert(a, "one", "Expect: 100-continue")
    head_, _, body = whole.partition(b"\r\n\r\n")
    with connect(server) as connection:
        connection.sendall(head_ + b"\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body + head("GET /healthz HTTP/1.1", "Host: x", "Connection: close"))
        answers = read_answers(connection)

    assert [answer.status for answer in answers] == [200, 200]
    assert len(a.found()) == 1


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["Content-Length: 10485761"], 413),
        (["Content-Length: 10", "Content-Type: text/plain"], 415),
    ],
)
def test_a_body_that_is_not_wanted_is_not_asked_for(a, server, lines, status):
    answers = exchange(server, request(a, b"", "Expect: 100-continue", *lines), upsert(a, "smuggled"))

    assert [(answer.status, answer.headers["connection"]) for answer in answers] == [(status, "close")]
    assert a.found() == []


def test_an_answer_before_the_end_of_the_request_is_the_last_one(a, server):
    early = head("POST /api/v3/orders HTTP/1.1", "Host: x", "Content-Length: 10")

    answers = exchange(server, early, upsert(a, "smuggled"))

    assert [(answer.status, answer.headers["connection"]) for answer in answers] == [(401, "close")]
    assert a.found() == []


# Servers of our own


@dataclass(frozen=True)
class Server:
    """A server that runs."""

    url: str
    pid: int
    log: Path

    def processes(self) -> list[psutil.Process]:
        """Those that answer requests."""
        first = psutil.Process(self.pid)
        return [child for child in first.children() if "spawn_main" in " ".join(child.cmdline())] or [first]

    def open(self) -> int:
        """The connections that it holds."""
        port = httpx2.URL(self.url).port
        return sum(
            bool(one.raddr) and one.laddr.port == port and one.status != psutil.CONN_TIME_WAIT
            for process in self.processes()
            for one in process.net_connections("tcp")
        )

    def memory(self) -> int:
        return sum(process.memory_info().rss for process in self.processes())

    def cpu_s(self) -> float:
        return sum(sum(process.cpu_times()[:2]) for process in self.processes())

    def answers_within_s(self) -> float:
        began = time.monotonic()
        assert httpx2.get(f"{self.url}/readyz", timeout=20).status_code == 200
        return time.monotonic() - began


@contextmanager
def running(log: Path, database_url: str, *options: str, files: tuple[int, int] | None = None, **settings: str):
    port = free_port()
    environment = {f"ORDERDOCK_{name}": value for name, value in settings.items()}
    with log.open("wb") as output:
        process = start(
            "serve", "--port", port, *options, stdout=output, stderr=output,
            env={"ORDERDOCK_DATABASE_URL": database_url, **environment},
            preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, files)) if files else None,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process, log)
        yield Server(url, process.pid, log)
    finally:
        process.terminate()
        process.wait(30)
    assert "Traceback" not in log.read_text() and "request.failed" not in log.read_text()


@pytest.fixture(scope="module")
def own(database_url, tmp_path_factory) -> Iterator[Server]:
    """A server with the settings that every server has."""
    with running(tmp_path_factory.mktemp("own") / "log", database_url) as one:
        yield one


@pytest.fixture(scope="module")
def hasty(database_url, tmp_path_factory) -> Iterator[Server]:
    """A server with two workers that waits for nobody for long; started with a low limit of open files."""
    waits = {"HEAD_TIMEOUT_S": "1", "BODY_TIMEOUT_S": "2", "SEND_TIMEOUT_S": "2", "KEEP_ALIVE_S": "2"}
    log = tmp_path_factory.mktemp("hasty") / "log"
    with running(log, database_url, "--workers", "2", files=(256, HARD), **waits) as one:
        yield one


@pytest.fixture(scope="module")
def small(database_url, tmp_path_factory) -> Iterator[Server]:
    """A server that holds few connections."""
    with running(tmp_path_factory.mktemp("small") / "log", database_url, CONNECTIONS_MAX="20") as one:
        yield one


# Deadlines


def test_each_waiting_has_its_end(a, hasty):
    """All at once, as each takes its time: what is answered until the server closes, and when it does (in s)."""
    body = request(a, b"", "Content-Length: 100")
    cases: dict[str, tuple[tuple[bytes, ...], list[int], float]] = {
        "nothing is sent": ((), [], 1),
        "half a head": ((HEALTH[:-2],), [408], 1),
        "a byte of a head now and then": (tuple(HEALTH[at : at + 1] for at in range(30)), [408], 1),
        "empty lines for ever": ((b"\r\n",) * 30, [], 1),
        "half a head after a request": ((HEALTH + HEALTH[:-2],), [200, 408], 1),
        "nothing after a request": ((HEALTH,), [200], 2),
        "half a body": ((body + b"[",), [408], 2),
        "a byte of a body now and then": ((body, *[b" "] * 30), [408], 2),
        "half a chunk": ((request(a, b"5\r\n[", "Transfer-Encoding: chunked", framed=False),), [408], 2),
        "half a body behind a request": ((HEALTH + body + b"[",), [200, 408], 2),
        "half a body of a request that is refused": ((body.replace(b"Basic", b"Other") + b"[",), [401], 0),
    }

    def play(parts: tuple[bytes, ...]) -> tuple[list[Answer], float]:
        began = time.monotonic()
        with connect(hasty.url) as connection:
            for part in parts:
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.sendall(part)
                if len(parts) > 1:
                    time.sleep(0.1)
            return read_answers(connection), time.monotonic() - began

    with ThreadPoolExecutor(len(cases)) as together:
        played = dict(zip(cases, together.map(play, [parts for parts, _, _ in cases.values()]), strict=True))

    assert {name: [answer.status for answer in answers] for name, (answers, _) in played.items()} == {
        name: statuses for name, (_, statuses, _) in cases.items()
    }
    for name, (answers, took_s) in played.items():
        assert cases[name][2] <= took_s < cases[name][2] + SOON_S, name
        if 408 in cases[name][1]:
            assert_refused(answers[-1], *SLOW)
    assert a.found() == []


def test_a_slow_client_within_its_time_is_answered(a, hasty, server):
    whole = upsert(a, "one", "Connection: close")
    steps = [whole[at : at + len(whole) // 7 + 1] for at in range(0, len(whole), len(whole) // 7 + 1)]

    [usual] = exchange(server, *steps, pause_s=0.25)
    [hurried] = exchange(hasty.url, whole[:200], whole[200:], pause_s=0.5)

    assert (usual.status, hurried.status) == (200, 200)
    assert len(a.found()) == 1


@pytest.fixture(scope="module")
def large(db, server) -> Iterator[Account]:
    """An account whose list is an answer of 12 MB, more than the system takes at once."""
    account = make_account(db, server)
    with account.client:
        for half in "ab":
            orders = [account.order(f"{half}{number}", {"order_details.notes": "x" * 60_000}) for number in range(100)]
            account.create(*orders)
        yield account


@contextmanager
def asking_for(large: Account, url: str) -> Iterator[socket.socket]:
    """A connection on which the large list has been asked for."""
    ask = request(large, b"", "Connection: close", method="GET").replace(b"/orders", b"/orders?page_size=200", 1)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.connect(("127.0.0.1", httpx2.URL(url).port))
        connection.sendall(ask)
        yield connection


def test_a_client_that_does_not_read_is_left(large, hasty):
    with asking_for(large, hasty.url) as connection:
        ours = connection.getsockname()[1]

        def held() -> bool:
            every = [one for process in hasty.processes() for one in process.net_connections("tcp")]
            return any(one.raddr and one.raddr.port == ours for one in every)

        until(held)
        began = time.monotonic()
        until(lambda: not held())
        assert 1.5 <= time.monotonic() - began < 12


def test_a_client_that_reads_slowly_gets_its_answer_whole(large, hasty):
    answer = b""
    with asking_for(large, hasty.url) as connection:
        began = time.monotonic()
        while part := connection.recv(MB):
            answer += part
            time.sleep(len(part) / (2.5 * MB))

    assert time.monotonic() - began > 4  # of which it may pause for 2
    assert len(json.loads(answer.partition(b"\r\n\r\n")[2])["data"]) == 200


# Bodies over the limit


@pytest.mark.parametrize("how", ["with its length", "in chunks"])
def test_a_client_that_sends_all_of_a_large_body_reads_413(a, server, how):
    body = b"[" + b" " * (50 * MB)
    message = (
        request(a, body)
        if how == "with its length"
        else request(a, chunked(body), "Transfer-Encoding: chunked", framed=False)
    )

    [answer] = exchange(server, message)

    detail = "The body should have at most 10485760 bytes."
    assert_refused(answer, 413, "payload_too_large", "Payload too large", detail)
    assert a.found() == []


def test_what_follows_an_answer_is_not_read_for_ever(a, own):
    with connect(own.url) as connection, pytest.raises((BrokenPipeError, ConnectionResetError)):
        connection.sendall(request(a, b"", f"Content-Length: {10**12}"))
        for _ in range(400):
            connection.sendall(b" " * MB)


def test_many_large_bodies_at_once_do_not_fill_the_memory(a, own):
    before = own.memory()
    peak, delays, done = [before], [], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak.append(own.memory())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        part = b"100000\r\n" + b" " * MB + b"\r\n"

        def send(_: int) -> int:
            with connect(own.url, 60) as connection:
                connection.sendall(request(a, b"", "Transfer-Encoding: chunked"))
                for _ in range(50):
                    connection.sendall(part)
                connection.sendall(b"0\r\n\r\n")
                [answer] = read_answers(connection)
                return answer.status

        with ThreadPoolExecutor(50) as together:
            sent = together.map(send, range(50))
            delays += [own.answers_within_s() for _ in range(3)]
            assert set(sent) == {413}
    finally:
        done.set()
        watching.join()
    assert (max(peak) - before) / MB < 300
    assert max(delays) < 2 * SOON_S
    assert a.found() == []


def test_bodies_that_do_not_fit_into_memory_wait_for_those_that_do(a, hasty):
    """Ten megabytes each, of which the last byte is kept back: some are waited for in vain, and some never get in."""
    most = 10 * MB
    body = request(a, b"", f"Content-Length: {most}") + b" " * (most - 1)

    def send(_: int) -> Answer:
        with connect(hasty.url) as connection:
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(body)
            [answer] = read_answers(connection)
            return answer

    with ThreadPoolExecutor(30) as together:
        answers = list(together.map(send, range(30)))

    assert {answer.status for answer in answers} == {408, 503}
    assert {answer.headers["retry-after"] for answer in answers if answer.status == 503} == {"1"}
    assert a.post([a.order("after")]).status_code == 200


# Crowds


def test_clients_that_vanish_leave_nothing_behind(a, own):
    until(lambda: own.open() == 0)
    for number in range(100):
        connection = connect(own.url)
        connection.sendall((upsert(a, f"o{number}") if number % 2 else request(a, b"", "Content-Length: 9")) + b"[")
        if number % 4 < 2:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    until(lambda: own.open() == 0)
    assert own.answers_within_s() < SOON_S


def test_requests_that_nobody_waits_for_are_not_kept(own):
    before = own.memory()
    with connect(own.url, 0.5) as connection, pytest.raises(TimeoutError):
        while True:
            connection.sendall(HEALTH * 10_000)

    assert (own.memory() - before) / MB < 20
    assert own.answers_within_s() < SOON_S


def test_five_hundred_slow_clients_keep_nobody_waiting(a, hasty):
    connections = [connect(hasty.url) for _ in range(500)]
    for connection in connections:
        connection.sendall(request(a, b"", "Content-Length: 1000"))
    delays = []
    for _ in range(2):
        for connection in connections:
            connection.sendall(b" ")
        delays.append(hasty.answers_within_s())
        time.sleep(0.5)
    answers = [read_answers(connection) for connection in connections]
    for connection in connections:
        connection.close()

    assert max(delays) < SOON_S
    assert {tuple(answer.status for answer in each) for each in answers} == {(408,)}
    assert a.found() == []


@contextmanager
def crowd(url: str, size: int, *, hello: bytes = b"") -> Iterator[list[socket.socket]]:
    """As many connections that do nothing more."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (HARD, HARD))
    connections = []
    try:
        for _ in range(size):
            connections.append(connect(url))
            if hello:
                connections[-1].sendall(hello)
        yield connections
    finally:
        for connection in connections:
            connection.close()


def test_ten_thousand_idle_connections_keep_nobody_waiting(own):
    until(lambda: own.open() == 0)
    size = min(9_900, HARD - 500)
    before = own.memory()
    with crowd(own.url, size, hello=HEALTH) as connections:
        assert own.answers_within_s() < SOON_S
        assert psutil.Process(own.pid).num_fds() > size
        assert (own.memory() - before) / MB < 200
        used_s = own.cpu_s()
        time.sleep(1)
        assert own.cpu_s() - used_s < 0.5
        connections[0].sendall(head("GET /healthz HTTP/1.1", "Host: x", "Connection: close"))
        assert [answer.status for answer in read_answers(connections[0])] == [200, 200]


def test_where_there_are_too_many_those_go_that_wait_longest(a, small):
    first = upsert(a, "one", "Connection: close")
    with connect(small.url) as busy:
        busy.sendall(first[:-10])
        time.sleep(0.1)
        with crowd(small.url, 100) as connections:
            assert small.answers_within_s() < SOON_S
            assert small.open() <= 20
            assert connections[0].recv(1) == b""
            connections[-1].sendall(head("GET /healthz HTTP/1.1", "Host: x", "Connection: close"))
            assert [answer.status for answer in read_answers(connections[-1])] == [200]
            busy.sendall(first[-10:])
            assert [answer.status for answer in read_answers(busy)] == [200]
    until(lambda: '"event": "connections.full"' in small.log.read_text())
    assert len(a.found()) == 1


def test_where_all_are_busy_a_new_one_is_refused(a, small):
    until(lambda: small.open() == 0)
    with crowd(small.url, 20, hello=request(a, b"[", "Content-Length: 2", framed=False)) as connections:
        time.sleep(0.2)
        [answer] = exchange(small.url, upsert(a, "one"))
        for connection in connections:
            connection.sendall(b"]" + head("GET /healthz HTTP/1.1", "Host: x", "Connection: close"))
            assert [each.status for each in read_answers(connection)] == [200, 200]
    detail = "The server has too much to do at the moment. Please try again."
    assert_refused(answer, 503, "server_error", "Server error", detail)
    assert answer.headers["retry-after"] == "1"
    assert a.found() == []


def test_a_server_that_may_open_few_files_answers_on(database_url, tmp_path):
    with running(tmp_path / "log", database_url, files=(200, 200)) as one:
        process = psutil.Process(one.pid)
        process.suspend()  # so that it finds them all at once
        waiting = []
        for _ in range(1000):
            connection = socket.socket()
            connection.setblocking(False)
            connection.connect_ex(("127.0.0.1", httpx2.URL(one.url).port))
            waiting.append(connection)
        process.resume()
        assert one.answers_within_s() < SOON_S
        assert process.num_fds() < 200
        used_s = one.cpu_s()
        time.sleep(1)
        assert one.cpu_s() - used_s < 0.3
        assert one.answers_within_s() < SOON_S
        for connection in waiting:
            connection.close()


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="only Linux tells the limits of other processes")
def test_each_worker_opens_as_many_files_as_it_may(hasty):
    found = [process.rlimit(psutil.RLIMIT_NOFILE) for process in hasty.processes()]

    assert found == [(HARD, HARD)] * 2


def test_five_hundred_clients_without_a_database_connection_hear_of_it(db, database_url, tmp_path):
    log = tmp_path / "log"
    settings = {"ORDERDOCK_POOL_SIZE": "1", "ORDERDOCK_CONFLICT_WAIT_MS": "20000"}
    with serving(log, ORDERDOCK_DATABASE_URL=database_url, **settings) as url, ThreadPoolExecutor(1) as aside:
        account = make_account(db, url)
        with account.client, psycopg.connect(database_url) as other:
            [id_] = account.create(account.order("one"))
            other.execute("SELECT FROM orders WHERE id = %s FOR UPDATE", [id_])
            writing = aside.submit(account.patch, id_, {"order_number": "N-2"})
            until(lambda: db.rows("SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0] >= 1)
            ask = request(account, b"", "Connection: close", method="GET")
            began = time.monotonic()
            with crowd(url, 500, hello=ask) as connections:
                answers = [answer for connection in connections for answer in read_answers(connection)]
            took_s = time.monotonic() - began
            other.rollback()
            assert writing.result().status_code == 200
            assert account.show(id_)["order_number"] == "N-2"
    assert [(answer.status, answer.headers["retry-after"]) for answer in answers] == [(503, "1")] * 500
    assert 4 < took_s < 20
