"""Every setting: its type, its default, and one sentence. Read once by the command, then passed on.

Each is an environment variable (`ORDERDOCK_` and the name in capitals) and, where `option` says so, an option of
`orderdock serve`. For secrets, a variable that ends in `_FILE` names a file that holds the value.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints
from uuid import UUID

from orderdock.errors import UsageError

PREFIX = "ORDERDOCK_"


_WHOLE_MAX = 2**31 - 1  # what PostgreSQL takes as a number of milliseconds


def _setting(
    default: Any,
    meaning: str,
    *,
    option: bool = False,
    secret: bool = False,
    least: int = 0,
    most: int = _WHOLE_MAX,
    shape: tuple[str, str] = (".*", "text"),
) -> Any:
    """A setting: numbers have a least and a most, texts a shape: a pattern, and what it asks for in words."""
    bounds = {"least": least, "most": most, "shape": shape}
    return field(
        default=default, repr=not secret, metadata={"meaning": meaning, "option": option, "secret": secret, **bounds}
    )


# What HTTP Basic can carry: the first colon ends the public key.
_PUBLIC_KEY = (r"[!-9;-~]{1,255}", "at most 255 printable ASCII characters, no space and no colon")
_SECRET_KEY = (r"[!-~]+", "printable ASCII characters, no space")
_WEB_ADDRESS = (r"https?://[^\s/?#]+[^\s?#]*", "http:// or https://, a host, and perhaps a path")


@dataclass(frozen=True)
class Settings:
    """How one orderdock runs."""

    host: str = _setting("127.0.0.1", "Address to listen on.", option=True)
    port: int = _setting(8080, "TCP port to listen on.", option=True, least=1, most=65535)
    workers: int = _setting(1, "Processes that answer requests.", option=True, least=1, most=1000)
    data_dir: Path = _setting(Path("orderdock-data"), "Directory of the embedded database.", option=True)
    database_url: str = _setting(
        "", "PostgreSQL 15 or newer to use instead of the embedded one.", option=True, secret=True
    )
    public_key: str = _setting(
        "", "Public key of the first API key, instead of a drawn one.", secret=True, shape=_PUBLIC_KEY
    )
    secret_key: str = _setting(
        "", "Secret key of the first API key, instead of a drawn one.", secret=True, shape=_SECRET_KEY
    )
    profile: Literal["guide", "openapi"] = _setting("guide", "Response profile of keys that do not name their own.")
    conflict_wait_ms: int = _setting(3000, "How long a write waits for an order that another one is changing.", least=1)
    public_base_url: str = _setting(
        "", "Scheme, host and path prefix in links, instead of those of the request.", shape=_WEB_ADDRESS
    )
    partner_ids: tuple[UUID, ...] = _setting((), "Partner ids that are accepted, separated by commas; none: any UUID.")
    body_bytes_max: int = _setting(10 * 2**20, "Largest request body.", least=1)
    json_depth_max: int = _setting(64, "Deepest nesting of a JSON body.", least=8, most=64)
    pool_size: int = _setting(10, "Database connections of one worker.", least=1)
    connections_max: int = _setting(10_000, "Open connections of one worker.", least=1)
    head_timeout_s: int = _setting(10, "How long the head of a request may take to arrive.", least=1)
    body_timeout_s: int = _setting(30, "How long the body of a request may take to arrive.", least=1)
    send_timeout_s: int = _setting(30, "How long a client may take nothing of its answer.", least=1)
    keep_alive_s: int = _setting(75, "How long a connection is kept for another request.", least=1)
    rate_limits: Literal["off", "on"] = _setting("off", "Whether accounts that do not say so themselves are limited.")
    safe_per_minute: int = _setting(1000, "Safe requests (GET, HEAD) of a limited account in a minute.", least=1)
    unsafe_per_minute: int = _setting(100, "Unsafe requests of a limited account in a minute.", least=1)
    unsafe_per_second: int = _setting(15, "Unsafe requests of a limited account in a second.", least=1)
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "What is logged: debug shows every request, info those that were refused."
    )
    accept_data_loss: bool = _setting(False, "Start on a database that may lose answered writes (fsync off).")


def read_settings(environment: Mapping[str, str], **options: Any) -> Settings:
    """Read settings from the environment; options that are given, and not empty, win.

    Raises UsageError for an unknown variable with our prefix, an unreadable file, a value of the wrong kind, or a
    setting that is given both as a value and as a file.
    """
    known = {setting.name: setting for setting in fields(Settings)}
    found: dict[str, tuple[str, str]] = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        file_of = name.removesuffix("_file")
        if name not in known and file_of not in known:
            raise UsageError(f"{variable} is no setting of orderdock; docs/operating.md lists them.")
        if file_of in found:
            raise UsageError(f"{found[file_of][0]} and {variable} are both set; keep one of them.")
        if text:
            found[file_of] = (variable, text if name in known else _read_file(variable, text))
    parsed = {name: _parse(known[name], *source) for name, source in found.items()}
    given = {name: value for name, value in options.items() if value not in (None, "")}
    return replace(Settings(), **parsed | given)


def to_environment(settings: Settings) -> dict[str, str]:
    """Write settings as variables, for worker processes: read_settings gives the same back."""
    texts = {}
    for setting in fields(Settings):
        value = getattr(settings, setting.name)
        texts[PREFIX + setting.name.upper()] = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return texts


def _read_file(variable: str, path: str) -> str:
    try:
        text = Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"{variable}: cannot read {path}: {reason}.") from None
    if not text:
        raise UsageError(f"{variable}: {path} is empty.")
    return text


def _parse(setting: Field[Any], variable: str, text: str) -> Any:
    kind = get_type_hints(Settings)[setting.name]
    choices = get_args(kind)
    seen = "" if setting.metadata["secret"] else f", not {text!r}"
    if kind is int:
        least, most = setting.metadata["least"], setting.metadata["most"]
        if not re.fullmatch("[0-9]{1,10}", text) or not least <= int(text) <= most:
            raise UsageError(f"{variable} should be a whole number from {least} to {most}{seen}.")
        return int(text)
    if kind is bool:
        if text.lower() not in ("true", "false"):
            raise UsageError(f"{variable} should be true or false{seen}.")
        return text.lower() == "true"
    if choices and choices[0] is UUID:
        return _read_uuids(variable, text)
    if choices and text not in choices:
        raise UsageError(f"{variable} should be one of {', '.join(choices)}{seen}.")
    pattern, words = setting.metadata["shape"]
    if not re.fullmatch(pattern, text, re.DOTALL):
        raise UsageError(f"{variable} should be {words}{seen}.")
    return kind(text) if not choices else text


def _read_uuids(variable: str, text: str) -> tuple[UUID, ...]:
    try:
        return tuple(UUID(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f"{variable} should be UUIDs separated by commas, not {text!r}.") from None


def from_process() -> Settings:
    """Read the settings of this process."""
    return read_settings(os.environ)
