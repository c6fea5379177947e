"""The files that pages need: style sheets and scripts, kept in this package, so that nothing comes from elsewhere."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from orderdock.errors import NotFound
from orderdock.http.call import Call

_files = StaticFiles(directory=Path(__file__).with_name("static"))

# Not from the machine's own list of types, which may say something else.
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


async def get_file(call: Call) -> Response:
    """GET /static/{path}: a file of the page. Raises NotFound.

    Browsers ask each time whether it has changed (ETag), so an upgrade shows at once.
    """
    path = call.scope["path_params"]["path"]
    # Whole or not at all: a bad range would be answered in Starlette's own words.
    call.scope["headers"] = [(name, value) for name, value in call.scope["headers"] if name != b"range"]
    try:
        response = await _files.get_response(path, call.scope)
    except HTTPException:
        raise NotFound from None
    if response.status_code == 200:
        response.headers["Content-Type"] = _TYPES.get(Path(path).suffix, "text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
