"""The API document (OpenAPI 3.1), made from the route table and the Structs that the endpoints read and answer."""

import functools
import inspect
import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import UnionType
from typing import Any, get_args

import msgspec
from starlette.responses import Response

from orderdock import __version__
from orderdock.errors import (
    Busy,
    Conflict,
    Forbidden,
    Invalid,
    NoCredentials,
    Problem,
    ServerError,
    Throttled,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from orderdock.http.call import ANY_SCOPE, Call
from orderdock.http.endpoint import Endpoint, Handler, Parameter
from orderdock.http.json_schema import Schema, Schemas, about
from orderdock.http.reply import Errors, Json, problem_reply
from orderdock.settings import Settings

Examples = Mapping[type, Any]

_ABOUT = """\
The order hub that anybody can run. It speaks the public Sendcloud Orders API v3: a client of that API works after
changing its base URL and its keys.

Sign in with HTTP Basic: the user is the public key, the password the secret key. Answers hold `data`, refusals hold
`errors` with every fault of the request. The schemas show the canonical form of each value; requests may be looser
(numbers as text, any letter case in units and codes), and members that are not known are ignored and named in the
header `Orderdock-Ignored-Fields`.

Requests may be limited. Then every answer to a key has `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`
(seconds), and a request over the limit is answered with 429 and `Retry-After`.
"""

_REQUEST_ID = Parameter("X-Request-Id", "The id of the request, yours or ours; the log has it too.", {"type": "string"})
_APPLIED = Parameter("Preference-Applied", "The preferences that were honoured.", {"type": "string"})


def describe(endpoints: Sequence[Endpoint], examples: Examples) -> Handler:
    """Make the handler that answers with the document of these endpoints; `examples` has one for each Struct."""

    @functools.cache
    def written() -> bytes:
        # The servers, which depend on the request, are put in front.
        return msgspec.json.encode(build_document(endpoints, examples))[1:]

    async def get_document(call: Call) -> Response:
        """GET /api/v3/openapi.json: the API document."""
        servers = msgspec.json.encode([{"url": call.base_url()}])
        return Json(b'{"servers":' + servers + b"," + written())

    return get_document


def build_document(endpoints: Sequence[Endpoint], examples: Examples) -> dict[str, Any]:
    """Build the document, without its servers."""
    schemas = Schemas()
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        if endpoint.documented:
            operation = _Operation(endpoint, examples, schemas).describe()
            paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    tags = dict.fromkeys(tag for methods in paths.values() for each in methods.values() for tag in each["tags"])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "orderdock",
            "version": __version__,
            "description": _ABOUT,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": tag} for tag in tags],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "headers": {_REQUEST_ID.name: {"required": True, **_header(_REQUEST_ID)}},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic", "description": "Public key as user, secret as password."}
            },
        },
    }


# Operations


class _Operation:
    def __init__(self, endpoint: Endpoint, examples: Examples, schemas: Schemas) -> None:
        self.endpoint = endpoint
        self.examples = examples
        self.schemas = schemas

    def describe(self) -> dict[str, Any]:
        endpoint = self.endpoint
        summary, description = _read_docstring(endpoint.handler)
        folder = re.match("/api/v3/([^/]+)", endpoint.path)
        operation: dict[str, Any] = {
            "operationId": getattr(endpoint.handler, "__name__", ""),
            "summary": summary,
            "tags": [folder[1] if folder else "server"],
            # OpenAPI 3.1 lets a scheme other than OAuth2 name roles as well.
            "security": [{"basic": self._scopes()}] if endpoint.scope else [],
            "parameters": [*self._path_parameters(), *map(_parameter, endpoint.parameters)],
            "responses": self._responses(),
        }
        if scopes := self._scopes():
            description = f"{description}\n\nThe key needs the scope `{scopes[0]}`.".strip()
        if description:
            operation["description"] = description
        if endpoint.body is not None:
            mode = "Patch" if endpoint.method == "PATCH" else "In"
            schema = self.schemas.add(endpoint.body, mode)
            operation["requestBody"] = {
                "required": True,
                "content": _json(schema, dict([self._example(endpoint.body)])),
            }
        return operation

    def _path_parameters(self) -> list[dict[str, Any]]:
        schema = {"type": "integer", "minimum": 1, "examples": [1]}
        return [
            {"name": name, "in": "path", "required": True, "description": "Our own id.", "schema": schema}
            for name in re.findall(r"{(\w+)}", self.endpoint.path)
        ]

    def _responses(self) -> dict[str, Any]:
        endpoint = self.endpoint
        responses = {str(endpoint.status): self._success(endpoint.status)}
        if endpoint.openapi_status:
            responses[str(endpoint.openapi_status)] = self._success(
                endpoint.openapi_status, f" (instead of {endpoint.status}, for keys of profile `openapi`)"
            )
        if endpoint.not_modified:
            responses["304"] = {"description": "The client knows it already.", "headers": _headers(endpoint.headers)}
        by_status: dict[int, list[type[Problem]]] = {}
        for kind in self._problems():
            by_status.setdefault(kind.status, []).append(kind)
        return responses | {str(status): self._refusal(kinds) for status, kinds in sorted(by_status.items())}

    def _scopes(self) -> list[str]:
        return [self.endpoint.scope] if self.endpoint.scope not in (None, ANY_SCOPE) else []

    def _problems(self) -> list[type[Problem]]:
        kinds = list(self.endpoint.problems)
        if Conflict in kinds:
            kinds.append(Busy)  # what it is for keys of profile `openapi`
        if self.endpoint.scope:
            kinds += [NoCredentials, Unauthorized, *([Forbidden] if self._scopes() else []), Throttled, Unavailable]
        return [*kinds, ServerError]

    def _success(self, status: int, remark: str = "") -> dict[str, Any]:
        endpoint = self.endpoint
        prefer = [_APPLIED] if any(each.name == "Prefer" for each in endpoint.parameters) else []
        response: dict[str, Any] = {
            "description": HTTPStatus(status).phrase + remark,
            "headers": _headers([*endpoint.headers, *prefer]),
        }
        if endpoint.data is not None:
            # A union is what Prefer: return=representation chooses from; msgspec does not read it, and need not.
            kinds = get_args(endpoint.data) if isinstance(endpoint.data, UnionType) else (endpoint.data,)
            shapes = [self.schemas.add(kind, "Out") for kind in kinds]
            data = shapes[0] if len(shapes) == 1 else {"anyOf": shapes}
            response["content"] = _json(
                {"type": "object", "properties": {"data": data}, "required": ["data"]},
                {name: {"data": value} for name, value in map(self._example, kinds)},
            )
        return response

    def _refusal(self, kinds: Sequence[type[Problem]]) -> dict[str, Any]:
        problems = [self._problem(kind) for kind in kinds]
        headers = {name: value for problem in problems for name, value in problem.headers.items()}
        replies = [problem_reply(problem, self.endpoint.pointer) for problem in problems]
        return {
            "description": " Or: ".join(about(kind)["description"] for kind in kinds),
            "headers": _headers(
                [Parameter(name, "", {"type": "string", "examples": [value]}) for name, value in headers.items()]
            ),
            "content": _json(
                self.schemas.add(Errors, "Out"),
                {
                    type(each).__name__: json.loads(bytes(reply.body))
                    for each, reply in zip(problems, replies, strict=True)
                },
            ),
        }

    def _problem(self, kind: type[Problem]) -> Problem:
        if kind is Invalid:
            assert self.endpoint.fault, f"{self.endpoint.path} has no example of what Invalid says"
            return Invalid([self.endpoint.fault])
        if kind is Throttled:
            limited = ("RateLimit-Limit", Settings.safe_per_minute), ("RateLimit-Remaining", 0), ("RateLimit-Reset", 12)
            return Throttled(12, {name: str(value) for name, value in limited})
        return TooLarge(Settings.body_bytes_max) if kind is TooLarge else kind()

    def _example(self, kind: Any) -> tuple[str, Any]:
        info = msgspec.inspect.type_info(kind)
        listed = isinstance(info, msgspec.inspect.ListType)
        shown = info.item_type if listed else info
        assert isinstance(shown, msgspec.inspect.StructType)
        example = self.examples[shown.cls]
        return shown.cls.__name__, [example] if listed else example


def _read_docstring(handler: Handler) -> tuple[str, str]:
    """Read summary and description; what a handler raises is listed as replies, and its source is for us."""
    text = re.sub(r"\s*\b(Raises [^.]*\.|Source: .*)", "", inspect.getdoc(handler) or "", flags=re.DOTALL)
    first, _, rest = text.partition("\n")
    summary = first.partition(": ")[2].rstrip(".")
    return summary[:1].upper() + summary[1:], rest.strip()


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {"name": parameter.name, "in": parameter.place, **_header(parameter)}


def _headers(headers: Sequence[Parameter]) -> dict[str, Any]:
    """Describe the headers of an answer: these, and the one that every answer has."""
    request_id = {"$ref": f"#/components/headers/{_REQUEST_ID.name}"}
    return {each.name: _header(each) for each in headers} | {_REQUEST_ID.name: request_id}


def _header(header: Parameter) -> dict[str, Any]:
    meaning = {"description": header.meaning} if header.meaning else {}
    return {**meaning, "schema": header.schema}


def _json(schema: Schema, examples: Mapping[str, Any]) -> dict[str, Any]:
    return {
        Json.media_type: {
            "schema": schema,
            "examples": {name: {"value": value} for name, value in examples.items()},
        }
    }
