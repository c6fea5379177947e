"""Conditional requests (RFC 9110, 13): entity tags, If-Match, If-None-Match."""

import re

from orderdock.errors import Fault, Invalid, PreconditionFailed
from orderdock.http.call import Call

_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


def require_match(call: Call, tag: str) -> None:
    """Raise PreconditionFailed when an If-Match asks for another entity tag than this, Invalid when it has none."""
    wanted = _read(call, b"if-match")
    if wanted is not None and wanted != ["*"] and tag not in wanted:
        raise PreconditionFailed(headers={"ETag": tag})


def is_known(call: Call, tag: str) -> bool:
    """Say whether the client has this representation already, by its If-None-Match. Raises Invalid for no tags."""
    known = _read(call, b"if-none-match")
    return known is not None and (known == ["*"] or tag in [each.removeprefix("W/") for each in known])


def _read(call: Call, header: bytes) -> list[str] | None:
    lines = [value for name, value in call.scope["headers"] if name == header]
    if not lines:
        return None
    sent = b",".join(lines).decode("latin-1").strip()
    tags = ["*"] if sent == "*" else _TAG.findall(sent)
    if not tags or _TAG.sub("", sent).strip(", \t*"):
        detail = 'Input should be entity tags such as "669-1", or *'
        raise Invalid([Fault(None, detail, header=header.decode().title())])
    return tags
