"""What the route table is made of: an endpoint, and the application that answers for a table of them."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import getrandbits
from typing import Any

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Lifespan, Receive, Scope, Send

from orderdock import limits
from orderdock.db.pool import Database
from orderdock.errors import Busy, Conflict, Fault, Forbidden, MethodNotAllowed, NotFound, Problem, ServerError
from orderdock.http.auth import FindCaller, authenticate
from orderdock.http.call import Call
from orderdock.http.pointers import Pointer, data_pointer
from orderdock.http.rate_limits import RateLimits
from orderdock.http.reply import problem_reply
from orderdock.settings import Settings

log = structlog.get_logger()

_REQUEST_ID = re.compile(rf"[\x21-\x7e]{{1,{limits.request_id_chars_max}}}").fullmatch

Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a query or a header, as the API document shows it."""

    name: str
    meaning: str
    schema: Mapping[str, Any]
    place: str = "query"


@dataclass(frozen=True)
class Endpoint:
    """One line of the route table: where, who may, and what the API document says of it.

    `scope` is what a key must have; None is open to everybody. `body` and `data` are the types of the request and of
    `data` in the answer; `problems` are the refusals beside those that every endpoint has, and `fault` is an example of
    what Invalid says. Keys of profile `openapi` get `openapi_status`, where that is another one. With
    `not_modified` the answer may also be 304.
    """

    method: str
    path: str
    handler: Handler
    scope: str | None
    status: int = 200
    openapi_status: int | None = None
    not_modified: bool = False
    body: Any = None
    data: Any = None
    parameters: Sequence[Parameter] = ()
    headers: Sequence[Parameter] = ()
    problems: Sequence[type[Problem]] = ()
    fault: Fault | None = None
    pointer: Pointer = field(default=data_pointer)
    documented: bool = True


@dataclass(frozen=True)
class Parts:
    """What the endpoints work with."""

    settings: Settings
    db: Database
    find_caller: FindCaller
    rate_limits: RateLimits


class Application:
    """The ASGI application of a route table. Every answer has a request id; every refusal has the envelope."""

    def __init__(self, endpoints: Sequence[Endpoint], parts: Parts, lifespan: Lifespan[Any]) -> None:
        paths: dict[str, dict[str, Endpoint]] = {}
        for endpoint in endpoints:
            paths.setdefault(endpoint.path, {})[endpoint.method] = endpoint
        apps = {path: _Path(methods, parts) for path, methods in paths.items()}
        self._router = Router(
            [Route(path, app) for path, app in apps.items()],
            redirect_slashes=False,
            default=_not_found,
            lifespan=lifespan,
        )
        # What the router would find after trying the patterns one by one.
        self._plain = {path: app for path, app in apps.items() if "{" not in path}
        self._by_id = {path.removesuffix("{id}"): app for path, app in apps.items() if path.endswith("/{id}")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return
        scope = _with_id(scope)
        path: str = scope["path"]
        # One final slash means nothing, and never a redirect: it would turn a POST into a GET.
        scope["path"] = path[:-1] if path.endswith("/") and path != "/" else path
        if scope["path"].endswith("\n"):  # which the end of a pattern would match
            await _not_found(scope, receive, send)
            return
        app: ASGIApp | None = self._plain.get(scope["path"])
        if app is None:
            parent, slash, last = scope["path"].rpartition("/")
            app = self._by_id.get(parent + slash) if last else None
            scope["path_params"] = {"id": last}
        await (app or self._router)(scope, receive, send)


def refusing(problem: Problem) -> ASGIApp:
    """The application that answers a Problem, for a request that nobody else can be given."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await _respond(_refuse(problem), data_pointer, _with_id(scope), receive, send)

    return refuse


def _with_id(scope: Scope) -> Scope:
    sent = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode("latin-1")
    return {
        **scope,
        "orderdock.path": scope["path"],
        "orderdock.request_id": sent if _REQUEST_ID(sent) else f"{getrandbits(128):032x}",
    }


class _Path:
    """Answers for one path: the methods it has, and in the contract's words for those it has not."""

    def __init__(self, methods: Mapping[str, Endpoint], parts: Parts) -> None:
        self._methods = methods
        self._allow = ", ".join(methods)
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        endpoint = self._methods.get("GET" if method == "HEAD" else method)
        if endpoint is not None:
            work = self._answer(endpoint, scope, receive)
        elif method == "OPTIONS":
            work = _allowed(self._allow)
        else:
            work = _refuse(MethodNotAllowed(headers={"Allow": self._allow}))
        await _respond(work, endpoint.pointer if endpoint else data_pointer, scope, receive, send)

    async def _answer(self, endpoint: Endpoint, scope: Scope, receive: Receive) -> Response:
        call = Call(scope, receive, self._parts.db, self._parts.settings)
        if endpoint.scope is not None:
            call.found_caller = await authenticate(call.headers.get("authorization"), self._parts.find_caller)
            if call.caller.limits:
                scope["orderdock.rate_limit"] = await self._parts.rate_limits.count(
                    call.caller.account_id, call.caller.limits, safe=endpoint.method == "GET"
                )
            if not call.found_caller.may(endpoint.scope):
                raise Forbidden
        try:
            response = await endpoint.handler(call)
        except Problem as problem:
            if isinstance(problem, Conflict) and call.found_caller and call.found_caller.profile == "openapi":
                problem = Busy()
            problem.headers.update(call.answer_headers)
            raise problem from None
        response.headers.update(call.answer_headers)
        return response


async def _allowed(methods: str) -> Response:
    return Response(headers={"Allow": methods})


async def _refuse(problem: Problem) -> Response:
    raise problem


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    await _respond(_refuse(NotFound()), data_pointer, scope, receive, send)


async def _respond(work: Awaitable[Response], pointer: Pointer, scope: Scope, receive: Receive, send: Send) -> None:
    """Wait for an answer and send it; a Problem becomes its envelope, and what nobody expected a 500."""
    request_id: str = scope["orderdock.request_id"]
    what = {"method": scope["method"], "path": scope["orderdock.path"], "request_id": request_id}
    try:
        response = await work
        log.debug("request.answered", status=response.status_code, **what)
    except Problem as problem:
        response = problem_reply(problem, pointer)
        log.info("request.refused", status=problem.status, code=problem.faults[0].code, **what)
    except ClientDisconnect:
        log.info("request.abandoned", **what)
        return
    except Exception:
        log.exception("request.failed", **what)
        response = problem_reply(ServerError(f"The server failed. Its log says more under {request_id}."), pointer)
    response.raw_headers.append((b"x-request-id", request_id.encode()))
    response.raw_headers.extend(scope.get("orderdock.rate_limit", ()))
    await response(scope, receive, send)
