"""Problems: what goes wrong for a caller, each kind with its status, code and title (behaviour 1.3).

Raise where you know; `http/reply.py` is the one place that renders them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from orderdock import limits

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request.

    `path` leads to the member from the top of the body; how an endpoint writes it is known to `http/pointers.py`.
    `key` is the order_id of the order concerned, when it could be read. At most one of `path`, `pointer`, `parameter`
    and `header` is set: `pointer` is for places that have no path, such as a body that is no JSON.
    """

    path: Path | None
    detail: str
    code: str = "invalid"
    title: str = "Invalid"
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None
    key: str | None = None


class Problem(Exception):
    """What an endpoint answers instead of success: status, headers and at least one fault."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "server_error"
    title: ClassVar[str] = "Server error"
    detail: ClassVar[str] = "The server could not answer this request."
    pointer: ClassVar[str | None] = None

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail or self.detail)
        self.headers = dict(headers or {})
        self.faults_left_out = 0
        self.faults: Sequence[Fault] = [
            Fault(None, detail or self.detail, self.code, self.title, pointer=self.pointer),
        ]


class Invalid(Problem):
    """The request says something that cannot be: every fault of it at once, and nothing was written."""

    status, code, title, detail = 400, "invalid", "Invalid", "The request is invalid."

    def __init__(self, faults: Sequence[Fault], *, faults_left_out: int = 0) -> None:
        super().__init__()
        self.faults = faults
        self.faults_left_out = faults_left_out


class Unauthorized(Problem):
    """Nobody we know: no credentials, or wrong ones."""

    status, code, title, detail = (
        401,
        "authentication_failed",
        "Invalid username/password.",
        "Invalid username/password.",
    )
    pointer = "/data"

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Basic realm="api"'})


class NoCredentials(Unauthorized):
    """The request names nobody."""

    title, detail = "No credentials", "Authentication credentials were not provided."


class Forbidden(Problem):
    """Known, but this key's scopes do not reach that far."""

    status, code, title = 403, "forbidden", "Forbidden"
    detail = "The key does not have the scope that this endpoint needs."


class NotFound(Problem):
    """What the URL names is not there, or is not this caller's; we do not say which."""

    status, code, title = 404, "not_found", "Not found"
    detail = "The page you have requested could not be found."


class InvalidCursor(NotFound):
    """A cursor that leads nowhere in the active sort."""

    title, detail = "Invalid cursor", "Invalid cursor"


class MethodNotAllowed(Problem):
    """The path exists, for other methods."""

    status, code, title = 405, "method_not_allowed", "Method not allowed"
    detail = "This path does not answer to that method; the Allow header names those it does."


class Conflict(Problem):
    """Another request holds what this one needs; nothing was written, a repetition may succeed."""

    status, code, title = 409, "conflict", "Conflict"
    detail = "We are still processing a previous request. Please try again in a moment."
    pointer = "/data"

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": str(limits.retry_after_s)})


class Busy(Conflict):
    """A Conflict as profile `openapi` has it: the status and code of its public description."""

    status, code, title = 400, "invalid", "Invalid"


class PreconditionFailed(Problem):
    """What If-Match asked for is not so: the order was changed since it was read; nothing was written."""

    status, code, title = 412, "precondition_failed", "Precondition failed"
    detail = "The order is not as If-Match says: it was changed since. Read it again."


class KeyReused(Problem):
    """An Idempotency-Key that was answered already, on another request."""

    status, code, title = 422, "idempotency_key_reused", "Idempotency key reused"
    detail = "This Idempotency-Key was used for another request. Draw a new one for each."


class TooLarge(Problem):
    """The body is over the limit; it was not read further than that."""

    status, code, title = 413, "payload_too_large", "Payload too large"

    def __init__(self, body_bytes_max: int) -> None:
        # What is left of the body is on its way in: the connection cannot be used for another request.
        super().__init__(f"The body should have at most {body_bytes_max} bytes.", headers={"Connection": "close"})


class Malformed(Problem):
    """What was sent is no request, or could be taken for two different ones."""

    status, code, title = 400, "invalid", "Invalid"


class TooSlow(Problem):
    """Head or body of the request did not come in time."""

    status, code, title = 408, "request_timeout", "Request timeout"
    detail = "The request did not arrive in time."


class TargetTooLong(Problem):
    """The URL is over the limit; it was not read further than that."""

    status, code, title = 414, "uri_too_long", "URI too long"
    detail = f"The target of the request should have at most {limits.target_bytes_max} bytes."


class HeadTooLarge(Problem):
    """The head is over the limit; it was not read further than that."""

    status, code, title = 431, "headers_too_large", "Headers too large"
    detail = f"The head of the request should have at most {limits.head_bytes_max} bytes."


class UnsupportedVersion(Problem):
    """Another HTTP than 1.0 or 1.1."""

    status, code, title = 505, "http_version_not_supported", "HTTP version not supported"
    detail = "This server speaks HTTP/1.1."


class Throttled(Problem):
    """The account has sent as many requests as its limits let pass; this one was not looked at."""

    status, code, title = 429, "throttled", "Throttled"

    def __init__(self, wait_s: int = limits.retry_after_s, headers: Mapping[str, str] | None = None) -> None:
        detail = f"Too many requests. Please try again in {wait_s} second{'' if wait_s == 1 else 's'}."
        super().__init__(detail, headers={"Retry-After": str(wait_s), **(headers or {})})


class UnsupportedMediaType(Problem):
    """A body that is not said to be JSON."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"
    detail = "The body should be JSON: send Content-Type: application/json."


class Unavailable(Problem):
    """The database does not answer; nothing was written that was not answered."""

    status, code, title = 503, "server_error", "Server error"
    detail = "The database does not answer at the moment. Please try again."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": str(limits.retry_after_s)})


class Overloaded(Unavailable):
    """The server has taken as much as it can hold."""

    detail = "The server has too much to do at the moment. Please try again."


class ServerError(Problem):
    """A fault of ours; the log holds it under the request id."""


class UsageError(Exception):
    """A command that cannot do what was asked: one line for the person who typed it, and what to do."""
