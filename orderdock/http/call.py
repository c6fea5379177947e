"""One request: who calls, what was sent, and the way to the database."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from orderdock import limits
from orderdock.db.pool import Database
from orderdock.errors import Fault, Invalid, TooLarge, UnsupportedMediaType
from orderdock.http.explain import BodyReader, Reading
from orderdock.http.rate_limits import RequestLimits
from orderdock.offload import offload
from orderdock.settings import Settings

T = TypeVar("T")
R = TypeVar("R")

ANY_SCOPE = "any"
"""What an endpoint asks for that every key may call."""

_HOST = re.compile(r"[A-Za-z0-9._\-:\[\]]{1,255}").fullmatch


@dataclass(frozen=True)
class Caller:
    """Who calls: an API key of an account, and how it wants its answers."""

    account_id: int
    key_id: int
    profile: str
    scopes: frozenset[str]
    limits: RequestLimits | None = None

    def may(self, scope: str) -> bool:
        """Say whether this caller has a scope; `api` is all of them, and ANY_SCOPE asks for none in particular."""
        return scope == ANY_SCOPE or "api" in self.scopes or scope in self.scopes


@dataclass
class Call:
    """One request on its way through a handler."""

    scope: Scope
    receive: Receive
    db: Database
    settings: Settings
    found_caller: Caller | None = None
    answer_headers: dict[str, str] = field(default_factory=dict)
    _body: bytes | None = None

    @property
    def caller(self) -> Caller:
        """Who calls; only open endpoints have nobody."""
        assert self.found_caller is not None
        return self.found_caller

    @cached_property
    def headers(self) -> Headers:
        """The request's headers, without regard to case."""
        return Headers(scope=self.scope)

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The query's parameters in the order sent. Raises Invalid when it is too long."""
        text = self.scope["query_string"]
        if len(text) > limits.query_bytes_max:
            raise Invalid([Fault(None, f"The query should have at most {limits.query_bytes_max} bytes")])
        return parse_qsl(text.decode("latin-1"), keep_blank_values=True)

    def path_id(self) -> int:
        """The id in the path; 0, which nothing has, for what cannot be one of ours."""
        text: str = self.scope["path_params"]["id"]
        return int(text) if re.fullmatch("[1-9][0-9]{0,18}", text) and int(text) <= limits.id_max else 0

    def url(self) -> str:
        """The URL of this request without its query, as the client should use it again."""
        return self.base_url() + self.scope["orderdock.path"]

    def base_url(self) -> str:
        """Where this server is for the client: scheme, host and path prefix."""
        if self.settings.public_base_url:
            return self.settings.public_base_url.rstrip("/")
        host = self.headers.get("host", "")
        if not _HOST(host):
            host = "{}:{}".format(*(self.scope.get("server") or (self.settings.host, self.settings.port)))
        # A proxy may name the scheme of a web socket, which a link here never is.
        return f"{'https' if self.scope['scheme'] in ('https', 'wss') else 'http'}://{host}"

    @cached_property
    def preferences(self) -> set[str]:
        """The preferences of the request (RFC 7240) that some endpoint may honour, in small letters."""
        sent = ",".join(self.headers.getlist("prefer"))
        return {part.split(";")[0].strip().lower().replace(" ", "").replace('"', "") for part in sent.split(",")}

    def prefers(self, preference: str) -> bool:
        """Say whether a preference was sent, and tell the client that it is honoured."""
        if preference not in self.preferences:
            return False
        applied = self.answer_headers.get("Preference-Applied")
        self.answer_headers["Preference-Applied"] = f"{applied}, {preference}" if applied else preference
        return True

    @cached_property
    def strict(self) -> bool:
        """Whether members that we do not know are faults (Prefer: handling=strict)."""
        return self.prefers("handling=strict")

    async def read(self, reader: BodyReader[T]) -> Reading[T]:
        """Read the body, with its faults listed. Raises Invalid for a body that cannot be read at all."""
        return await self._work(reader.read, depth_max=self.settings.json_depth_max, strict=self.strict)

    async def parse(self, reader: BodyReader[Any]) -> Mapping[str, Any]:
        """Parse the body without looking further than its outermost value. Raises Invalid."""
        return await self._work(reader.parse, depth_max=self.settings.json_depth_max)

    async def _work(self, work: Callable[..., R], **options: Any) -> R:
        body = await self.body()
        return await offload(len(body), work, body, **options)

    async def body(self) -> bytes:
        """The bytes of the body, without a byte order mark. Raises UnsupportedMediaType and TooLarge."""
        if self._body is None:
            self._body = await self._receive_body()
        return self._body

    async def _receive_body(self) -> bytes:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind and not re.fullmatch(r"application/(?:json|[^\s/]+\+json)", kind):
            raise UnsupportedMediaType
        if any(coding.strip().lower() != "identity" for coding in self.headers.getlist("content-encoding")):
            raise UnsupportedMediaType("The body should not be compressed.")
        most = self.settings.body_bytes_max
        said = self.headers.get("content-length", "0")
        if said.isdigit() and int(said) > most:
            raise TooLarge(most)
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self.receive()
            if refusal := self.scope["state"].get("refusal"):
                raise refusal
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part = message.get("body", b"")
            size += len(part)
            if size > most:
                raise TooLarge(most)
            parts.append(part)
            more = message.get("more_body", False)
        return b"".join(parts).removeprefix(b"\xef\xbb\xbf")
