"""Answers: data, pages and Problems, in the contract's envelope (behaviour 1.1, 1.3)."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from orderdock import limits
from orderdock.errors import Fault, Path, Problem
from orderdock.http.pointers import Pointer, dotted

_encode = msgspec.json.Encoder(decimal_format="number").encode


class Json(Response):
    """A JSON answer. The header is exactly `application/json`: a client in use compares it literally."""

    media_type = "application/json"


def reply(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with data: anything that msgspec encodes."""
    return Json(b'{"data":' + _encode(data) + b"}", status, headers)


def reply_stored(data: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with data that already is JSON text."""
    return Json('{"data":' + data + "}", status, headers)


def no_content() -> Response:
    """Answer that it is done."""
    return Response(status_code=204)


def problem_reply(problem: Problem, pointer: Pointer) -> Response:
    """Answer with what went wrong: the first faults, then one object that counts the rest."""
    errors = [_error(problem, fault, pointer) for fault in problem.faults[: limits.errors_per_reply_max]]
    left_out = len(problem.faults) - len(errors) + problem.faults_left_out
    if left_out:
        errors.append(_error(problem, Fault(None, f"{left_out} more errors are left out"), pointer))
    return Json(_encode({"errors": errors}), problem.status, problem.headers)


def _error(problem: Problem, fault: Fault, pointer: Pointer) -> dict[str, Any]:
    source = {
        "pointer": fault.pointer if fault.path is None else pointer(fault.path),
        "parameter": fault.parameter,
        "header": fault.header,
    }
    error: dict[str, Any] = {
        "status": str(problem.status),
        "code": fault.code,
        "title": fault.title,
        "detail": fault.detail,
    }
    if any(source.values()):
        error["source"] = {name: value for name, value in source.items() if value}
    if fault.key is not None:
        error["meta"] = {"order_id": fault.key}
    return error


def ignored_fields_header(ignored: Iterable[Path]) -> dict[str, str]:
    """Name the members of a body that were not read (percent-encoded; the first of them)."""
    names = [quote(dotted(path)[:200], safe="[].") for path in list(ignored)[: limits.ignored_fields_named_max]]
    return {"Orderdock-Ignored-Fields": ", ".join(names)} if names else {}
