"""Answers: data, pages and Problems, in the contract's envelope (behaviour 1.1, 1.3)."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct
from starlette.responses import Response

from orderdock import limits
from orderdock.errors import Fault, Path, Problem
from orderdock.http.pointers import Pointer, dotted

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Json(Response):
    """A JSON answer. The header is exactly `application/json`: a client in use compares it literally."""

    media_type = "application/json"


class ErrorSource(Struct, omit_defaults=True):
    """Where the fault is; one member is set."""

    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None


class ErrorMeta(Struct):
    """Which order the fault is in."""

    order_id: str


class Error(Struct, omit_defaults=True):
    """One fault, as JSON:API writes it."""

    status: str
    code: str
    title: str
    detail: str
    source: ErrorSource | None = None
    meta: ErrorMeta | None = None


class Errors(Struct):
    """What is answered instead of data: every fault of the request, and nothing was written."""

    errors: Annotated[list[Error], Meta(min_length=1)]


def reply(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with data: anything that msgspec encodes."""
    return Json(b'{"data":' + _encode(data) + b"}", status, headers)


def reply_stored(data: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with data that already is JSON text."""
    return Json('{"data":' + data + "}", status, headers)


def no_content() -> Response:
    """Answer that it is done."""
    return Response(status_code=204)


def not_modified() -> Response:
    """Answer that the client has it already."""
    return Response(status_code=304)


def problem_reply(problem: Problem, pointer: Pointer) -> Response:
    """Answer with what went wrong: the first faults, then one object that counts the rest."""
    errors = [_error(problem, fault, pointer) for fault in problem.faults[: limits.errors_per_reply_max]]
    left_out = len(problem.faults) - len(errors) + problem.faults_left_out
    if left_out:
        least = "at least " if left_out >= limits.errors_counted_max else ""
        errors.append(_error(problem, Fault(None, f"{least}{left_out} more errors are left out"), pointer))
    return Json(_encode(Errors(errors)), problem.status, problem.headers)


def _error(problem: Problem, fault: Fault, pointer: Pointer) -> Error:
    place = fault.pointer if fault.path is None else pointer(fault.path)
    source = ErrorSource(place, fault.parameter, fault.header) if place or fault.parameter or fault.header else None
    meta = None if fault.key is None else ErrorMeta(fault.key)
    return Error(str(problem.status), fault.code, fault.title, fault.detail, source, meta)


def ignored_fields_header(ignored: Iterable[Path]) -> dict[str, str]:
    """Name the members of a body that were not read: the first of them, percent-encoded, as proxies have room for."""
    names, room = [], limits.ignored_fields_bytes_max
    for path in list(ignored)[: limits.ignored_fields_named_max]:
        name = quote(dotted(path)[:200], safe="[].")
        room -= len(name)
        if room < 0:
            break
        names.append(name)
    return {"Orderdock-Ignored-Fields": ", ".join(names)} if names else {}
