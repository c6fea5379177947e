"""Servers that a test may kill, and such as have a part taken out."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.commands import start
from tests.support import free_port, wait_until_ready

_BROKEN = Path(__file__).with_name("broken.py")


class Server:
    """A server in a process group of its own."""

    def __init__(self, log: Path, *options: object, port: int | None = None, without: str = "", **env: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        with log.open("ab") as output:
            self.process = start(
                "serve",
                "--port",
                self.port,
                *options,
                prefix=(sys.executable, str(_BROKEN), without) if without else (),
                env=env,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            wait_until_ready(self.url, self.process, log)
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End it as a crash does, its workers included."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        """End it, unless it has ended."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def running(*args: object, **options: object) -> Iterator[Server]:
    """A server for the length of the block."""
    server = Server(*args, **options)  # pyright: ignore[reportArgumentType]
    try:
        yield server
    finally:
        server.stop()
