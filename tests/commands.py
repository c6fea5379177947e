"""What the tests of commands share: a command run to its end, and data directories that were served once."""

import fcntl
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import httpx2

from orderdock.cli import main
from tests.support import ORDERDOCK, serving

PUBLIC_KEY, SECRET_KEY = "first-public-key", "first-secret-key"
FIRST_KEY = {"ORDERDOCK_PUBLIC_KEY": PUBLIC_KEY, "ORDERDOCK_SECRET_KEY": SECRET_KEY}


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


def run(*words: object, **environment: str) -> Ended:
    """Run a command in this process: a Python of its own would take half a second to start."""
    before = dict(os.environ), sys.argv
    handlers = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGTERM)}
    os.environ.clear()
    os.environ.update(clean_environment(**environment))
    sys.argv = ["orderdock", *map(str, words)]
    try:
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            main()
    except SystemExit as ended:
        return Ended(ended.code or 0, out.getvalue(), err.getvalue())
    finally:
        os.environ.clear()
        os.environ.update(before[0])
        sys.argv = before[1]
        for number, handler in handlers.items():
            signal.signal(number, handler)
    raise AssertionError("a command ends with an exit status")


def refusal(*words: object, **environment: str) -> str:
    """The one line of a command that cannot do what was asked: exit status 2, and nothing else is printed."""
    ended = run(*words, **environment)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1), ended
    return ended.err.removeprefix("orderdock: ").removesuffix("\n")


def clean_environment(**environment: str) -> dict[str, str]:
    """The environment of this process without settings of orderdock, and with these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORDERDOCK_")}
    return {**inherited, "COLUMNS": "80", **environment}


def start(*words: object, **options: object) -> subprocess.Popen:
    """Start a command as a process of its own; `prefix` are words before it, such as `nohup`."""
    environment, prefix = options.pop("env", {}), options.pop("prefix", ())
    return subprocess.Popen(
        [*prefix, ORDERDOCK, *map(str, words)],
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        **options,
    )


@contextmanager
def open_directory() -> Iterator[Path]:
    """A new directory with a short path that everybody may pass, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="od-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def served_once() -> Iterator[Path]:
    """A data directory with what the first run makes: account 1, integration 1, and the key above."""
    with open_directory() as directory:
        with serving(directory / "log", "--data-dir", str(directory / "data"), **FIRST_KEY):
            pass
        yield directory / "data"


@contextmanager
def copied(data: Path) -> Iterator[Path]:
    """A copy of a data directory that is not in use."""
    with open_directory() as directory:
        subprocess.run(["cp", "-a", data, directory / "data"], check=True)
        yield directory / "data"


def database_runs(data: Path) -> bool:
    """Whether any process of the embedded PostgreSQL lives: each holds its lock (decision 3)."""
    with (data / "server.lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def until(condition: object, within_s: float = 15) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def get(url: str, path: str, keys: tuple[str, str] = (PUBLIC_KEY, SECRET_KEY), **parameters: str) -> httpx2.Response:
    """GET below /api/v3, with the first key or another one."""
    return httpx2.get(f"{url}/api/v3{path}", auth=keys, params=parameters)


def post(url: str, *orders: object) -> None:
    """POST orders that are accepted, with the first key."""
    answer = httpx2.post(f"{url}/api/v3/orders", auth=(PUBLIC_KEY, SECRET_KEY), json=orders, timeout=30)
    answer.raise_for_status()
