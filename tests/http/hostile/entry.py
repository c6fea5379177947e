"""One hostile request as a table holds it, as bytes, and the answers to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support import Account

ORDERS = "/api/v3/orders"

CODES = {
    400: "invalid",
    401: "authentication_failed",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    412: "precondition_failed",
    413: "payload_too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    422: "idempotency_key_reused",
    431: "headers_too_large",
    505: "http_version_not_supported",
}


@dataclass(frozen=True)
class Entry:
    """A request, and what is answered: the status and, of a refusal, the code of its first error.

    In target, headers and body, <order>, <shop> and <key> stand for the id of a stored order, the id of an integration
    and the credentials in base64. `headers` are lines, which take the place of what is sent otherwise; one without a
    colon only takes it away. `faults` are the place and the detail of every error, where they are looked at; an empty
    detail may be any. `sent_back` are headers of the answer. `stored` names members of the order that the request
    stores; without it, nothing may change.
    """

    name: str
    status: int
    code: str = ""
    method: str = "GET"
    target: str = ORDERS
    headers: Sequence[str] = ()
    body: bytes | None = None
    faults: Sequence[tuple[str | None, str]] | None = None
    stored: Mapping[str, Any] | None = None
    kind: str = "application/json"
    sent_back: Mapping[str, str] = field(default_factory=dict)

    def request(self, account: Account, order_id: int, key: str) -> bytes:
        """The request as it goes over the wire."""

        def fill(text: bytes) -> bytes:
            for name, value in ((b'"<shop>"', account.i1), (b"<order>", order_id), (b"<shop>", account.i1)):
                text = text.replace(name, str(value).encode())
            return text.replace(b"<key>", key.encode())

        body = fill(self.body or b"")
        usual = ["Host: localhost", "Authorization: Basic <key>", "Connection: close"]
        if self.body is not None:
            usual += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        named = {line.partition(":")[0].lower() for line in self.headers}
        lines = [line for line in usual if line.partition(":")[0].lower() not in named]
        lines += [line for line in self.headers if ":" in line]
        head = "\r\n".join([f"{self.method} {self.target} HTTP/1.1", *lines, "", ""])
        return fill(head.encode("latin-1")) + body


@dataclass(frozen=True)
class RawEntry:
    """Bytes, and the statuses of the answers; () is a connection that is closed without a word.

    `parts` are sent one after the other. `ending` is what the client does then: it waits, ends its half, or resets.
    """

    name: str
    parts: Sequence[bytes]
    statuses: Sequence[tuple[int, ...]]
    ending: str = "wait"
    method: str = "GET"


@dataclass(frozen=True)
class Answer:
    """One answer, as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def read_answers(data: bytes, method: str = "GET") -> list[Answer]:
    """Read all answers that came over one connection."""
    answers = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, "half an answer"
        first, *lines = head.decode("latin-1").split("\r\n")
        named = [line.partition(": ")[::2] for line in lines]
        headers = {name.lower(): value for name, value in named}
        assert len(headers) == len(named), f"a header twice: {lines}"
        status = int(first.split()[1])
        size = 0 if status < 200 or status in (204, 304) or method == "HEAD" else int(headers["content-length"])
        assert len(data) >= size, "half an answer"
        answers.append(Answer(status, headers, data[:size]))
        data = data[size:]
    return answers
