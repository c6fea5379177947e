"""`orderdock serve`: what it says, how it stops, what it refuses to start on, and what is left of it after a kill."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import httpx2
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from orderdock import __version__
from orderdock.db.embedded import embedded_database
from orderdock.settings import Settings, UsageError, read_settings, to_environment
from tests.commands import (
    FIRST_KEY,
    PUBLIC_KEY,
    SECRET_KEY,
    copied,
    database_runs,
    get,
    open_directory,
    post,
    refusal,
    served_once,
    start,
    until,
)
from tests.support import an_order, free_port, wait_until_ready

linux_only = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks at processes by way of /proc")


class Serve:
    """A server that runs, and what it printed."""

    def __init__(self, data: Path, *options: object, port: int | None = None, prefix: tuple = (), **env: str) -> None:
        port = port or free_port()
        self.data, self.url = data, f"http://127.0.0.1:{port}"
        self.files = data.parent / f"{port}.out", data.parent / f"{port}.err"
        words = ["serve", "--port", port, *options]
        with self.files[0].open("wb") as out, self.files[1].open("wb") as err:
            self.process = start(
                *words, prefix=prefix, stdout=out, stderr=err, start_new_session=True,
                env={"ORDERDOCK_DATA_DIR": str(data), **env},
            )  # fmt: skip

    def ready(self) -> "Serve":
        wait_until_ready(self.url, self.process, self.files[1])
        return self

    def out(self) -> str:
        return self.files[0].read_text()

    def err(self) -> str:
        return self.files[1].read_text()

    def stop(self, how: int = signal.SIGTERM, within_s: float = 10) -> int:
        self.process.send_signal(how)
        return self.process.wait(within_s)

    def workers(self) -> list[int]:
        """The processes that it spawned to answer requests."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words, status = path.read_text(), (path.parent / "stat").read_text()
            except OSError:
                continue
            if "spawn_main" in words and int(status.rpartition(")")[2].split()[1]) == self.process.pid:
                found.append(int(path.parent.name))
        return found


@pytest.fixture
def serve() -> Iterator[type[Serve]]:
    """Starts servers; what a test leaves running is ended."""
    started: list[Serve] = []

    def begin(*args, **kwargs):
        started.append(Serve(*args, **kwargs))
        return started[-1]

    yield begin
    for one in started:
        if one.process.poll() is None:
            try:
                one.stop(within_s=20)
            finally:
                one.process.kill()


@pytest.fixture(scope="module")
def first_run() -> Iterator[Path]:
    with served_once() as data:
        yield data


@pytest.fixture(scope="module")
def kept(first_run) -> Iterator[Path]:
    """A data directory for tests that store nothing and leave nothing running."""
    with copied(first_run) as data:
        yield data


@pytest.fixture
def data(first_run) -> Iterator[Path]:
    """A data directory of the test's own, with account 1, integration 1 and the first key; not in use."""
    with copied(first_run) as data:
        yield data
        # What a test killed may have left a database behind: who joins it stops it.
        if database_runs(data):
            with embedded_database(data, print):
                pass


@pytest.fixture(scope="module")
def looked_at(first_run) -> Iterator[Serve]:
    """A running server that tests only look at."""
    with copied(first_run) as data:
        one = Serve(data, "--workers", 2, ORDERDOCK_LOG_LEVEL="debug").ready()
        yield one
        assert one.stop() == 0
        assert not database_runs(data)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def sql_in(data: Path, query: str, *values: object) -> list[tuple]:
    with embedded_database(data, print) as database, psycopg.connect(database.conninfo, autocommit=True) as connection:
        cursor = connection.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []


# The first run and the second


def test_the_first_run_prints_all_it_takes_to_begin_and_the_second_no_secret(serve):
    with open_directory() as directory:
        first = serve(directory / "data").ready()
        public_key, secret_key = re.findall(r"^(?:Public|Secret) key  (\w+)", first.out(), re.MULTILINE)

        assert first.out() == (
            f"orderdock {__version__}, embedded PostgreSQL in {directory}/data\n"
            f"Base URL    {first.url}/api/v3\n"
            f"Explore it  {first.url}/docs\n"
            f"Public key  {public_key}\n"
            f"Secret key  {secret_key}   (shown this once)\n"
            "Try it:\n"
            f"  curl -u {public_key}:{secret_key} {first.url}/api/v3/integrations\n"
            "Ctrl-C stops it.\n"
        )
        assert (len(public_key), len(secret_key)) == (32, 64)
        assert paste(first.out()).json()["data"][0]["shop_name"] == "My shop"
        assert (first.stop(), first.err()) == (0, "")

        second = serve(directory / "data").ready()
        assert second.out() == (
            f"orderdock {__version__}, embedded PostgreSQL in {directory}/data\n"
            f"Base URL    {second.url}/api/v3\n"
            f"Explore it  {second.url}/docs\n"
            "Keys        as before; `orderdock keys create --account ID` makes another\n"
            "Ctrl-C stops it.\n"
        )
        answer = get(second.url, "/integrations", (public_key, secret_key))
        assert [shop["id"] for shop in answer.json()["data"]] == [1]
        assert second.stop() == 0


def paste(printed: str) -> httpx2.Response:
    """Do what the printed curl line says, by curl if there is one."""
    line = next(line for line in printed.splitlines() if line.startswith("  curl "))
    if shutil.which("curl"):
        done = subprocess.run(["sh", "-c", f"{line} -sS"], capture_output=True, text=True, check=True)
        return httpx2.Response(200, text=done.stdout)
    _, _, keys, url = shlex.split(line)
    return httpx2.get(url, auth=tuple(keys.split(":", 1)))


def test_keys_of_the_environment_or_of_files_are_the_first_ones(serve):
    with open_directory() as directory:
        (directory / "secret").write_text("s3cret$'x y'\n".replace(" ", "") + "\n")
        one = serve(
            directory / "data", ORDERDOCK_PUBLIC_KEY="ci", ORDERDOCK_SECRET_KEY_FILE=str(directory / "secret")
        ).ready()

        assert "Public key  ci\nSecret key  s3cret$'xy'   (shown this once)\n" in one.out()
        assert paste(one.out()).json()["data"][0]["id"] == 1
        # The key is in the database, not in the settings: another one in the environment means nothing later on.
        assert one.stop() == 0
        two = serve(directory / "data", **FIRST_KEY).ready()
        assert "Keys        as before" in two.out()
        assert get(two.url, "/integrations", ("ci", "s3cret$'xy'")).status_code == 200
        assert get(two.url, "/integrations").status_code == 401


def test_two_servers_that_start_at_once_on_one_database_make_one_account(serve):
    with open_directory() as directory:
        two = [serve(directory / "data"), serve(directory / "data")]
        for one in two:
            one.ready()

        assert sorted("Secret key" in one.out() for one in two) == [False, True]
        assert sql_in(
            directory / "data", "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM api_keys)"
        ) == [(1, 1)]
        assert [one.stop() for one in two] == [0, 0]
        assert not database_runs(directory / "data")


# Its end


@linux_only
@pytest.mark.parametrize(
    ("how", "workers"), [("SIGINT", 1), ("SIGTERM", 1), ("SIGHUP", 1), ("SIGINT", 2), ("SIGTERM", 2), ("SIGHUP", 2)]
)
def test_a_signal_ends_everything_the_database_included(serve, kept, how, workers):
    """As from a terminal: to each of the processes, and twice, as from the impatient."""
    one = serve(kept, "--workers", workers).ready()
    spawned = one.workers()
    began = time.monotonic()
    for _ in range(2):
        os.killpg(one.process.pid, signal.Signals[how])
        time.sleep(0.15)

    assert one.process.wait(10) == 0
    assert time.monotonic() - began < 5
    assert len(spawned) == (0 if workers == 1 else 2)
    assert [pid for pid in spawned if alive(pid)] == []
    assert not database_runs(kept)
    assert one.err() == ""


@linux_only
@pytest.mark.parametrize(("how", "after_s"), [("SIGINT", 0.05), ("SIGINT", 0.1), ("SIGINT", 0.2), ("SIGHUP", 0.1)])
def test_a_signal_while_the_workers_start_ends_them_without_a_word(serve, kept, how, after_s):
    one = serve(kept, "--workers", 2)
    until(lambda: len(one.workers()) == 2)
    time.sleep(after_s)  # they import now
    for _ in range(2):
        os.killpg(one.process.pid, signal.Signals[how])
        time.sleep(0.05)

    assert one.process.wait(10) == 0
    assert not database_runs(kept)
    assert one.err() == ""


def test_under_nohup_a_closed_terminal_means_nothing(serve, kept):
    one = serve(kept, "--workers", 2, prefix=("nohup",)).ready()
    os.killpg(one.process.pid, signal.SIGHUP)
    time.sleep(0.7)

    assert httpx2.get(f"{one.url}/readyz").status_code == 200
    assert one.stop() == 0


def test_an_answer_under_way_is_finished_first(serve, data):
    """An order that another transaction holds makes the request wait while the server is told to stop."""
    one = serve(data).ready()
    post(one.url, an_order("a", 1))
    with psycopg.connect(**where(data)) as other:
        other.execute("SELECT 1 FROM orders FOR UPDATE")
        answered = []
        change = an_order("a", 1, {"order_number": "N-2"})
        asking = threading.Thread(target=lambda: answered.append(post(one.url, change)))
        asking.start()
        until(lambda: waiting(data) == 1)
        one.process.send_signal(signal.SIGTERM)
        until(lambda: refuses_connections(one.url))
        other.rollback()
        asking.join(10)

        assert answered == [None]
        assert one.process.wait(10) == 0
    assert sql_in(data, "SELECT order_number FROM orders") == [("N-2",)]


@pytest.fixture(scope="module", autouse=True)
def slow_stop(first_run) -> Iterator[tuple[threading.Thread, list[tuple[int, float, str]]]]:
    """Stops a server while a request has not ended; begun first and looked at last, as it takes 10 s."""
    ended: list[tuple[int, float, str]] = []
    with copied(first_run) as data:
        one = Serve(data).ready()
        host, port = one.url.removeprefix("http://").split(":")
        credentials = b64encode(f"{PUBLIC_KEY}:{SECRET_KEY}".encode()).decode()
        slow = socket.create_connection((host, int(port)))
        slow.sendall(
            f"POST /api/v3/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n[".encode()
        )
        time.sleep(0.3)
        began = time.monotonic()

        def stop():
            ended.append((one.stop(within_s=30), time.monotonic() - began, one.err()))

        waiting = threading.Thread(target=stop)
        waiting.start()
        with slow:
            yield waiting, ended
            waiting.join()
        assert not database_runs(data)


def where(data: Path) -> dict[str, str]:
    return {"host": str(data / "socket"), "user": "orderdock", "dbname": "orderdock"}


def waiting(data: Path) -> int:
    """How many of our connections wait for a lock."""
    with psycopg.connect(**where(data)) as connection:
        return connection.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchone()[0]


def refuses_connections(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


# Kills


@linux_only
def test_after_a_kill_of_the_server_the_next_start_takes_over(serve, data):
    one = serve(data, "--workers", 2).ready()
    workers = one.workers()
    post(one.url, an_order("a", 1))
    one.stop(signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in workers))
    two = serve(data, port=int(one.url.rpartition(":")[2])).ready()

    assert [order["order_id"] for order in get(two.url, "/orders").json()["data"]] == ["a"]
    assert two.stop() == 0
    assert not database_runs(data)


@linux_only
def test_after_a_kill_of_everything_the_next_start_finds_every_answered_order(serve, data):
    one = serve(data).ready()
    for n in range(20):
        post(one.url, an_order(f"{n:02}", 1))
    one.stop(signal.SIGKILL)
    os.kill(int((data / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    two = serve(data).ready()

    found = get(two.url, "/orders", sort="order_number").json()["data"]
    assert [order["order_id"] for order in found] == [f"{n:02}" for n in range(20)]


@linux_only
def test_a_dead_worker_is_replaced(serve, kept):
    one = serve(kept, "--workers", 2).ready()
    before = one.workers()
    os.kill(before[0], signal.SIGKILL)
    until(lambda: len(set(one.workers()) - set(before)) == 1)
    one.ready()

    assert before[1] in one.workers()
    assert one.stop() == 0
    assert one.err() == ""


# What it shows of itself


def test_alive_and_ready(looked_at):
    for path, status in (("/healthz", "alive"), ("/readyz", "ready")):
        answer = httpx2.get(looked_at.url + path)
        assert (answer.status_code, answer.json()) == (200, {"data": {"status": status}})


def test_not_ready_but_alive_while_the_database_is_of_a_newer_program(serve, data):
    one = serve(data).ready()
    sql_in(data, "INSERT INTO schema_migrations (version, name) VALUES (9999, 'later')")

    assert httpx2.get(f"{one.url}/readyz").status_code == 503
    assert httpx2.get(f"{one.url}/healthz").status_code == 200
    line = "The database has schema 9999, this program knows 1: it was migrated by a newer orderdock. Start that"
    assert refusal("serve", "--port", free_port(), "--data-dir", data).startswith(line)
    assert refusal("accounts", "list", "--data-dir", data).startswith(line)
    assert refusal("migrate", "--data-dir", data).startswith(line)


@linux_only
def test_no_secret_is_in_the_list_of_processes(looked_at):
    """Nor anywhere else but in the environment of our own processes."""
    shown = [Path(f"/proc/{pid}/cmdline").read_text() for pid in (looked_at.process.pid, *looked_at.workers())]
    assert len(shown) == 3
    assert not [words for words in shown if SECRET_KEY in words or "secret" in words]


def test_the_password_of_a_url_is_in_no_list_of_processes_and_no_log(serve, looked_at):
    url = make_conninfo(**where(looked_at.data), password="pa55word")
    with open_directory() as directory:
        one = serve(directory / "data", "--workers", 2, ORDERDOCK_DATABASE_URL=url).ready()
        shown = subprocess.check_output(["ps", "-eww", "-o", "args"], text=True)

        assert one.out().startswith(f"orderdock {__version__}, PostgreSQL at the given URL\n")
        assert f"serve --port {one.url.rpartition(':')[2]}" in shown
        assert one.stop() == 0
        assert "pa55word" not in shown + one.out() + one.err()
        assert not (directory / "data").exists()
    assert get(looked_at.url, "/integrations").status_code == 200


# What it does not start on


def test_a_port_in_use(looked_at):
    port = int(looked_at.url.rpartition(":")[2])

    assert refusal("serve", "--port", port) == (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --host and --port."
    )
    assert refusal("serve", ORDERDOCK_HOST="203.0.113.1") == (
        "Cannot listen on 203.0.113.1:8080: Cannot assign requested address; choose another with --host and --port."
    )


def test_a_data_directory_that_is_of_no_use(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "old" / "postgres").mkdir(parents=True)
    (tmp_path / "old" / "postgres" / "PG_VERSION").write_text("17\n")

    def said(name):
        return refusal("serve", "--port", free_port(), "--data-dir", tmp_path / name)

    assert said("file") == (
        f"cannot use the data directory {tmp_path}/file (Not a directory: {tmp_path}/file/socket): "
        "choose one that this user may write to with --data-dir"
    )
    assert said("old").startswith(f"{tmp_path}/old/postgres holds a PostgreSQL 17 database, this program brings 18: ")
    assert "--data-dir" in said("/proc/none")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_that_the_user_may_not_write_to(tmp_path):
    (tmp_path / "data").mkdir(mode=0o555)

    assert refusal("serve", "--port", free_port(), "--data-dir", tmp_path / "data") == (
        f"cannot use the data directory {tmp_path}/data (Permission denied: {tmp_path}/data/socket): "
        "choose one that this user may write to with --data-dir"
    )


UNREADABLE = (
    "The database URL cannot be read. It looks like postgresql://user:secret@host/name; "
    "in user and secret, write / as %2F, @ as %40, % as %25."
)


@pytest.mark.parametrize("command", [["serve"], ["migrate"], ["accounts", "list"]], ids=" ".join)
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:pa55%zzword@h/x",
        "postgresql://u:pa55/word@h/x",
        "postgresql://u:pa55@word@h/x",
        "postgresql://u:1/pa55word@h/x",
        "mysql://u:pa55word@h/x",
        "pa55word",
    ],
)
def test_of_a_url_that_cannot_be_read_nothing_is_shown(command, url):
    port = ["--port", free_port()] if command == ["serve"] else []

    assert refusal(*command, *port, ORDERDOCK_DATABASE_URL=url) == UNREADABLE


def test_a_url_that_does_not_answer():
    port = free_port()
    said = refusal("serve", "--port", free_port(), "--database-url", f"postgresql://u:pa55word@127.0.0.1:{port}/x")

    assert said.startswith(
        f'The database does not answer (connection failed: connection to server at "127.0.0.1", port {port}'
    )
    assert said.endswith("): start it, or give another --database-url.")
    assert "pa55word" not in said


def test_a_server_that_accepts_and_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://u:pa55word@127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=2"
        assert refusal("accounts", "list", "--database-url", url).startswith("The database does not answer (")


@pytest.fixture(scope="module")
def admin(looked_at) -> Iterator[psycopg.Connection]:
    """The administrator of the embedded database."""
    with psycopg.connect(
        host=str(looked_at.data / "socket"), user="postgres", dbname="template1", autocommit=True
    ) as it:
        yield it


def other_database(admin: psycopg.Connection, name: str, *, user: str = "postgres") -> str:
    return make_conninfo(host=admin.info.host, user=user, dbname=name)


def test_a_role_that_may_not_create_tables(admin):
    admin.execute("CREATE DATABASE closed")
    admin.execute("CREATE ROLE guest LOGIN")

    assert refusal("serve", "--port", free_port(), "--database-url", other_database(admin, "closed", user="guest")) == (
        "The database role may not do that (permission denied for schema public): let it own the database."
    )


def test_a_database_that_cannot_hold_all_text(admin):
    admin.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")

    assert refusal("migrate", "--database-url", other_database(admin, "latin")) == (
        "The database has the encoding LATIN1: orderdock needs one with UTF8."
    )


@pytest.mark.parametrize("setting", ["synchronous_commit", "fsync", "full_page_writes"])
def test_a_database_that_may_lose_answered_writes_is_refused_unless_that_is_accepted(serve, data, setting):
    with (data / "postgres" / "postgresql.conf").open("a") as config:
        config.write(f"{setting} = off\n")

    for words in (["serve", "--port", free_port()], ["accounts", "list"]):
        assert refusal(*words, "--data-dir", data) == (
            f"The database may lose answered writes: {setting} is off. Switch it on, or accept the loss with "
            "ORDERDOCK_ACCEPT_DATA_LOSS=true."
        )
    assert not database_runs(data)
    if setting == "fsync":
        one = serve(data, ORDERDOCK_ACCEPT_DATA_LOSS="true").ready()
        assert get(one.url, "/integrations").status_code == 200
        assert one.stop() == 0


# Settings


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("PORT", "x", "ORDERDOCK_PORT should be a whole number from 1 to 65535, not 'x'."),
        ("PORT", "70000", "ORDERDOCK_PORT should be a whole number from 1 to 65535, not '70000'."),
        ("PORT", "0", "ORDERDOCK_PORT should be a whole number from 1 to 65535, not '0'."),
        ("PORT", "٣", "ORDERDOCK_PORT should be a whole number from 1 to 65535, not '٣'."),
        ("WORKERS", "-1", "ORDERDOCK_WORKERS should be a whole number from 1 to 1000, not '-1'."),
        (
            "CONFLICT_WAIT_MS",
            str(2**31),
            f"ORDERDOCK_CONFLICT_WAIT_MS should be a whole number from 1 to {2**31 - 1}, ",
        ),
        ("JSON_DEPTH_MAX", "7", "ORDERDOCK_JSON_DEPTH_MAX should be a whole number from 8 to 64, not '7'."),
        ("BODY_BYTES_MAX", "1e6", "ORDERDOCK_BODY_BYTES_MAX should be a whole number from 1 to "),
        ("ACCEPT_DATA_LOSS", "yes", "ORDERDOCK_ACCEPT_DATA_LOSS should be true or false, not 'yes'."),
        ("PROFILE", "x", "ORDERDOCK_PROFILE should be one of guide, openapi, not 'x'."),
        ("LOG_LEVEL", "INFO", "ORDERDOCK_LOG_LEVEL should be one of debug, info, warning, error, not 'INFO'."),
        ("PARTNER_IDS", "a,b", "ORDERDOCK_PARTNER_IDS should be UUIDs separated by commas, not 'a,b'."),
        (
            "PUBLIC_BASE_URL",
            "x.org",
            "ORDERDOCK_PUBLIC_BASE_URL should be http:// or https://, a host, and perhaps a pa",
        ),
        ("PUBLIC_KEY", "a:b", "ORDERDOCK_PUBLIC_KEY should be at most 255 printable ASCII characters, no space and no"),
        ("SECRET_KEY", "a\nb", "ORDERDOCK_SECRET_KEY should be printable ASCII characters, no space."),
        ("SECRET_KEY_FILE", "/none", "ORDERDOCK_SECRET_KEY_FILE: cannot read /none: No such file or directory."),
        ("SECRET_KEY_FILE", "/", "ORDERDOCK_SECRET_KEY_FILE: cannot read /: Is a directory."),
        ("SECRET_KEY_FILE", "/dev/null", "ORDERDOCK_SECRET_KEY_FILE: /dev/null is empty."),
        ("PROT", "1", "ORDERDOCK_PROT is no setting of orderdock; docs/operating.md lists them."),
        ("PROT_FILE", "1", "ORDERDOCK_PROT_FILE is no setting of orderdock; docs/operating.md lists them."),
    ],
)
def test_a_bad_setting_is_one_line(variable, value, line):
    assert refusal("serve", **{f"ORDERDOCK_{variable}": value}).startswith(line)


@pytest.mark.parametrize(
    ("option", "value"), [("--port", "x"), ("--port", "0"), ("--port", "65536"), ("--workers", "0"), ("--prot", "1")]
)
def test_a_bad_option_is_one_line(option, value):
    line = "No such option: --prot" if option == "--prot" else f"Invalid value for '{option}': "

    assert refusal("serve", option, value).startswith(line)


def test_a_setting_and_its_file_are_not_both_accepted(tmp_path):
    with pytest.raises(UsageError, match=r"^ORDERDOCK_SECRET_KEY and ORDERDOCK_SECRET_KEY_FILE are both set; keep one"):
        read_settings({"ORDERDOCK_SECRET_KEY": "a", "ORDERDOCK_SECRET_KEY_FILE": str(tmp_path)})


def test_an_option_wins_and_what_is_empty_is_not_given():
    environment = {"ORDERDOCK_HOST": "a", "ORDERDOCK_PORT": "1", "ORDERDOCK_PROFILE": "", "HOME": "/"}

    assert read_settings(environment, host="b", port=None, data_dir=None, database_url="") == replace(
        Settings(), host="b", port=1
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"host": "::1", "port": 1, "workers": 3, "data_dir": Path("/a b/ü")},
        {"database_url": "postgresql://u:p%40@h/x?options=-c%20a%3Db", "public_key": "p", "secret_key": "s:'$\""},
        {"profile": "openapi", "conflict_wait_ms": 2**31 - 1, "public_base_url": "https://x.org/orders"},
        {"partner_ids": (UUID(int=1), UUID(int=2))},
        {"body_bytes_max": 1, "json_depth_max": 8, "pool_size": 1, "log_level": "error", "accept_data_loss": True},
    ],
)
def test_settings_come_back_from_an_environment_as_they_were(changes):
    settings = replace(Settings(), **changes)

    assert read_settings(to_environment(settings)) == settings


def test_workers_see_what_was_decided_and_not_the_variables_behind_it(serve, kept, tmp_path):
    """The option beats the file of the environment in the process that answers, too."""
    (tmp_path / "url").write_text("postgresql://nobody@127.0.0.1:1/none")
    with embedded_database(kept, print) as database:
        one = serve(
            kept, "--database-url", database.conninfo, ORDERDOCK_DATABASE_URL_FILE=str(tmp_path / "url")
        ).ready()
        (tmp_path / "url").unlink()

        assert get(one.url, "/integrations").status_code == 200
        assert one.stop() == 0


# The stop that was begun first


def test_a_request_that_never_ends_is_waited_for_no_longer_than_10_s(slow_stop):
    waiting, ended = slow_stop
    waiting.join()
    [(status, took_s, said)] = ended

    assert status == 0
    assert 9.5 < took_s < 13
    assert said == "ERROR:    Cancel 1 running task(s), timeout graceful shutdown exceeded\n"
