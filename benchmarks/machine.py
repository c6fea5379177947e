"""The processes of a run and the machine they run on."""

import os
import platform
import re
import socket
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.request import urlopen

import psutil

_START_S = 60


class Tree:
    """A process and its descendants, but for those of another tree."""

    def __init__(self, pid: int, without: "Tree | None" = None) -> None:
        self._root = psutil.Process(pid)
        self._without = without

    def cpu_s(self) -> float:
        """Processor time so far, with that of descendants that have ended."""
        return self._total(lambda process: sum(process.cpu_times()[:4]))

    def memory_mb(self) -> float:
        """Memory in use; what processes share counts once, where the system tells (Linux)."""

        def used(process: psutil.Process) -> int:
            info = process.memory_full_info()
            return getattr(info, "pss", info.rss)

        return self._total(used) / 2**20

    def _total(self, read: Callable[[psutil.Process], float]) -> float:
        for _ in range(10):
            with suppress(psutil.NoSuchProcess):  # one that has just ended: its time is its parent's now, read again
                return sum(read(process) for process in self._members())
        raise RuntimeError(f"Process {self._root.pid} is gone")

    def _members(self) -> list[psutil.Process]:
        others = {process.pid for process in self._without._members()} if self._without else set()
        return [process for process in (self._root, *self._root.children(recursive=True)) if process.pid not in others]


@dataclass(frozen=True)
class Running:
    """A server that was started."""

    port: int
    pid: int
    started_in_s: float


@contextmanager
def serving(command: list[str], log: Path, ready_path: str, environment: dict[str, str]) -> Iterator[Running]:
    """Run a server on a free port (`--port` is added) until the block ends; wait for its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORDERDOCK_")}
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=Path(__file__).parents[1],
            env=inherited | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        while not _answers(f"http://127.0.0.1:{port}{ready_path}"):
            if process.poll() is not None or time.monotonic() - began > _START_S:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()}")
            time.sleep(0.01)
        yield Running(port, process.pid, time.monotonic() - began)
    finally:
        process.terminate()
        process.wait(_START_S)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=_START_S) as answer:
            return answer.status == 200
    except OSError:
        return False


@dataclass(frozen=True)
class Machine:
    """What figures depend on."""

    cores: int
    cpu: str
    memory_gb: float
    system: str
    python: str
    postgresql: str
    fsync_ms: float
    load_before: float
    """Processes that wanted a core in the last minute, before the run: above 0.5, figures are worth little."""


def describe_machine(directory: Path, postgresql: str) -> Machine:
    """Look at the machine, and at the disk that holds a directory."""
    return Machine(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        _cpu_model(),
        round(psutil.virtual_memory().total / 2**30, 1),
        f"{platform.system()} {platform.release()}",
        platform.python_version(),
        postgresql,
        _fsync_ms(directory),
        os.getloadavg()[0],
    )


def _cpu_model() -> str:
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or platform.machine()


def _fsync_ms(directory: Path) -> float:
    """The median time to write a page and have it on disk."""
    took: list[float] = []
    with NamedTemporaryFile(dir=directory) as file:
        for _ in range(100):
            began = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(8192), 0)
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000
