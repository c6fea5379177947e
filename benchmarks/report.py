"""What a run says: a table for people and a JSON file."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.load import Timing
from benchmarks.machine import Machine

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Measurement:
    """One thing measured once: how fast, and how many cores each of those who took part kept busy."""

    timing: Timing
    server_cores: float
    database_cores: float
    generator_cores: float


@dataclass(frozen=True)
class Row:
    """A kind of request beside its limit, round by round. `size` is how many of the unit one of them counts for."""

    work: str
    unit: str
    size: int
    limit: str
    served: Sequence[Measurement]
    best: Sequence[Measurement]

    def ratios(self) -> list[float]:
        """The part of the limit that was reached in each round."""
        pairs = zip(self.served, self.best, strict=True)
        return [served.timing.rate / best.timing.rate for served, best in pairs]


@dataclass(frozen=True)
class Result:
    """A whole run."""

    version: str
    machine: Machine
    rounds: int
    seconds: float
    workers: int
    stored_orders: int
    started_in_s: float
    server_memory_mb: float
    database_memory_mb: float
    server_cpu_s: float
    database_cpu_s: float
    rows: Sequence[Row]


def save(result: Result) -> Path:
    """Write a result to a file named by the time."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result)))
    return path


def show(result: Result, console: Console) -> None:
    """Print a result: medians of the rounds."""
    title = f"{result.rounds} rounds of {result.seconds:g} s, {result.stored_orders:,} orders stored before"
    caption = "ratio: median of the rounds; cores: kept busy by the server + its database"
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for name in (
        "work",
        "a second",
        "p50 / p99 ms",
        "limit",
        "a second",
        "p50 / p99 ms",
        "ratio",
        "min - max",
        "cores",
    ):
        table.add_column(name, justify="left" if name in ("work", "limit") else "right", no_wrap=True)
    for row in result.rows:
        ratios = row.ratios()
        server, database = (_median(row.served, part) for part in ("server_cores", "database_cores"))
        table.add_row(
            row.work,
            *_speed(row.served, row.size),
            row.limit,
            *_speed(row.best, row.size),
            f"{statistics.median(ratios):.2f}",
            f"{min(ratios):.2f} - {max(ratios):.2f}",
            f"{server:.2f} + {database:.2f}",
        )
    machine = result.machine
    console.print(table)
    console.print(
        f"orderdock {result.version}, {result.workers} worker(s): first answer after {result.started_in_s:.2f} s on an "
        f"empty directory\n"
        f"memory: server {result.server_memory_mb:.0f} MB, its database {result.database_memory_mb:.0f} MB; "
        f"CPU: server {result.server_cpu_s:.1f} s, its database {result.database_cpu_s:.1f} s\n"
        f"{machine.cores} cores of {machine.cpu}, {machine.memory_gb:g} GB, {machine.system}; Python {machine.python}, "
        f"PostgreSQL {machine.postgresql}; fsync {machine.fsync_ms:.2f} ms; load before {machine.load_before:.2f}",
        markup=False,
        highlight=False,
    )


def _speed(measured: Sequence[Measurement], size: int) -> tuple[str, str]:
    timings = [each.timing for each in measured]
    rate, p50, p99 = (_median(timings, part) for part in ("rate", "p50_ms", "p99_ms"))
    return f"{rate * size:,.0f}", f"{p50:.1f} / {p99:.1f}"


def _median(measured: Sequence[object], part: str) -> float:
    return statistics.median(getattr(each, part) for each in measured)
