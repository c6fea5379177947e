"""The API explorer: Swagger UI on our own document, without a byte from elsewhere."""

import functools
from pathlib import Path

from starlette.responses import HTMLResponse, Response

from orderdock.http.call import Call

# Swagger UI sets styles on its elements and draws its icons from data: URLs. Scripts are ours or none.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


async def get_explorer(call: Call) -> Response:
    """GET /docs: a page to read the API document and to try the API out."""
    # From /docs/ the files are one level up. Links are relative, so a proxy may put a prefix in front.
    root = ".." if call.scope["orderdock.path"].endswith("/") else "."
    return HTMLResponse(
        _page().replace("{{ root }}", root),
        headers={
            "Content-Security-Policy": _POLICY,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        },
    )


@functools.cache
def _page() -> str:
    return Path(__file__).with_name("pages").joinpath("explorer.html").read_text("utf-8")
