"""The commands for administrators: what they print, what they store, and what they say when they cannot."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx2
import psycopg
import pytest
import typer
from psycopg.conninfo import make_conninfo

from orderdock import __version__
from orderdock.cli import app
from orderdock.db.embedded import embedded_database
from tests.commands import PUBLIC_KEY, SECRET_KEY, copied, database_runs, refusal, run, served_once, start, until
from tests.support import ORDERDOCK, an_order, serving

NORTHWIND = Path(__file__).parents[2] / "shared" / "data" / "northwind-orders.ndjson"


class Hub(NamedTuple):
    """A data directory whose server runs."""

    data: Path
    client: httpx2.Client

    def run(self, *words):
        """Run a command on it that does what it is told, and give what it prints."""
        ended = run(*words, "--data-dir", self.data)
        assert (ended.status, ended.err) == (0, ""), ended
        return ended.out

    def made(self, *words) -> int:
        """The id of what a command makes."""
        return json.loads(self.run(*words, "--json"))["id"]

    def sql(self, query, *values):
        with (
            embedded_database(self.data, print) as database,
            psycopg.connect(database.conninfo, autocommit=True) as connection,
        ):
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def count(self, integration: int) -> int:
        return self.sql("SELECT count(*) FROM orders WHERE integration_id = %s", integration)[0][0]


@pytest.fixture(scope="module")
def first_run() -> Iterator[Path]:
    with served_once() as data:
        yield data


@pytest.fixture
def data(first_run) -> Iterator[Path]:
    """A data directory of the test's own, with account 1, integration 1 and key 1; its server does not run."""
    with copied(first_run) as data:
        yield data


@pytest.fixture(scope="module")
def hub(first_run) -> Iterator[Hub]:
    with (
        copied(first_run) as data,
        serving(data.parent / "log", "--data-dir", str(data)) as url,
        httpx2.Client(base_url=f"{url}/api/v3", auth=(PUBLIC_KEY, SECRET_KEY), timeout=60) as client,
    ):
        yield Hub(data, client)


@pytest.fixture
def integration(hub) -> int:
    """An integration of account 1 without orders."""
    return hub.made("integrations", "create", "--account", 1, "--name", "Shop")


def in_general(text: str) -> str:
    """Output without what differs from run to run: times, and keys that were drawn."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ", "<time>", text)
    text = re.sub(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"', '"<time>"', text)
    return re.sub(r"\b[0-9a-f]{32}\b", "<public>", re.sub(r"\b[0-9a-f]{64}\b", "<secret>", text))


def write(path: Path, *orders: dict) -> Path:
    path.write_text("".join(json.dumps(order) + "\n" for order in orders))
    return path


# Accounts, integrations, keys, migrate


@pytest.mark.parametrize("while_it_serves", [True, False])
def test_accounts_integrations_and_keys_are_administered_while_the_server_runs_and_while_not(data, while_it_serves):
    with ExitStack() as serves:
        if while_it_serves:
            serves.enter_context(serving(data.parent / "log", "--data-dir", str(data)))

        def said(*words):
            ended = run(*words, "--data-dir", data)
            assert (ended.status, ended.err) == (0, ""), ended
            return in_general(ended.out)

        assert said("accounts", "create", "Zoë & Söhne [bold] :x:") == "Created account 2.\n"
        assert said("accounts", "list") == (
            "id  name                    created_at\n"
            "1   My account              <time>\n"
            "2   Zoë & Söhne [bold] :x:  <time>\n"
        )
        assert said("integrations", "create", "--account", 2, "--name", "店") == "Created integration 2.\n"
        assert said("integrations", "create", "--account", 2, "--name", "B", "--type", "woocommerce") == (
            "Created integration 3.\n"
        )
        assert said("integrations", "list", "--account", 2) == (
            "id  account_id  shop_name  type         created_at\n"
            "2   2           店         api          <time>\n"
            "3   2           B          woocommerce  <time>\n"
        )
        assert said("integrations", "delete", 3) == "Deleted integration 3 and its 0 orders.\n"
        assert said("integrations", "list", "--account", 2) == (
            "id  account_id  shop_name  type  created_at\n2   2           店         api   <time>\n"
        )
        assert said("keys", "create", "--account", 2, "--name", "ci") == (
            "Created key 2 of account 2. The secret is shown this once.\npublic key  <public>\nsecret key  <secret>\n"
        )
        assert said(
            "keys", "create", "--account", 2, "--profile", "openapi", "--scope", "read:order", "--scope", "write:order"
        ).startswith("Created key 3 of account 2.")
        assert said("keys", "revoke", 2) == "Revoked key 2.\n"
        assert said("keys", "list", "--account", 2).replace("<public>", "p" * 32) == (
            "id  account_id  name  public_key                        scopes                   profile  revoked_at\n"
            "2   2           ci    pppppppppppppppppppppppppppppppp  api                               <time>\n"
            "3   2           key   pppppppppppppppppppppppppppppppp  read:order, write:order  openapi\n"
        )
        assert said("keys", "list", "--account", 9) == "None yet.\n"
        assert said("migrate") == "The schema is up to date.\n"
    assert not database_runs(data)


def test_json_of_accounts_integrations_and_keys(hub):
    def said(*words):
        return json.loads(in_general(hub.run(*words, "--json")))

    account = said("accounts", "create", "A")
    shop = said("integrations", "create", "--account", account["id"], "--name", "S")
    key = said("keys", "create", "--account", account["id"], "--name", "ci", "--scope", "read:order")

    unlimited = dict.fromkeys(("rate_limits", "safe_per_minute", "unsafe_per_minute", "unsafe_per_second"))
    assert account == {"id": account["id"], "name": "A", "created_at": "<time>", **unlimited}
    assert account in said("accounts", "list")
    assert (shop["id"], shop["account_id"], shop["shop_name"], shop["type"]) == (shop["id"], account["id"], "S", "api")
    assert said("integrations", "list", "--account", account["id"]) == [shop]
    assert key == {
        "id": key["id"],
        "account_id": account["id"],
        "name": "ci",
        "public_key": "<public>",
        "profile": None,
        "scopes": ["read:order"],
        "created_at": "<time>",
        "revoked_at": None,
        "secret_key": "<secret>",
    }
    del key["secret_key"]
    assert said("keys", "list", "--account", account["id"]) == [key]
    assert said("keys", "revoke", key["id"]) == {"id": key["id"], "revoked": True}
    assert said("keys", "list", "--account", account["id"]) == [key | {"revoked_at": "<time>"}]
    assert said("integrations", "delete", shop["id"]) == {"id": shop["id"], "orders": 0}
    assert said("integrations", "list", "--account", account["id"]) == []
    assert said("migrate") == {"applied": []}


def test_a_made_key_opens_the_running_server_until_it_is_revoked(hub):
    key = json.loads(hub.run("keys", "create", "--account", 1, "--json"))

    def status():
        credentials = (key["public_key"], key["secret_key"])
        return hub.client.get("/integrations", auth=credentials).status_code

    assert status() == 200
    hub.run("keys", "revoke", key["id"])
    until(lambda: status() == 401, within_s=2)


def test_a_deleted_integration_takes_its_orders_out_of_the_listing(hub, integration):
    hub.client.post("/orders", json=[an_order("d1", integration), an_order("d2", integration)]).raise_for_status()

    assert hub.run("integrations", "delete", integration) == f"Deleted integration {integration} and its 2 orders.\n"
    assert hub.client.get("/orders", params={"order_number": "N-d1"}).json()["data"] == []


def test_migrate_names_what_it_applied(hub):
    where = {"host": str(hub.data / "socket"), "user": "postgres"}
    with psycopg.connect(**where, dbname="template1", autocommit=True) as admin:
        admin.execute("CREATE DATABASE empty")
    at_url = ["--database-url", make_conninfo(**where, dbname="empty")]

    assert refusal("accounts", "list", *at_url) == (
        "The database has schema 0, this program needs 1: run `orderdock migrate` first."
    )
    assert run("migrate", "--json", *at_url) == (0, '{"applied":["0001_start"]}\n', "")
    assert run("migrate", *at_url) == (0, "The schema is up to date.\n", "")
    assert run("accounts", "list", *at_url) == (0, "None yet.\n", "")
    assert refusal("export", "x", *at_url) == "There is no account yet; `orderdock accounts create NAME` makes one."


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ["integrations", "create", "--account", 99, "--name", "S"],
            "There is no account 99; `orderdock accounts list`",
        ),
        (["keys", "create", "--account", 99], "There is no account 99; `orderdock accounts list` shows them."),
        (["keys", "create", "--account", 1, "--profile", "x"], "--profile should be guide or openapi, not x."),
        (["keys", "create", "--account", 1, "--scope", "x"], "--scope should be one of api, read:order,"),
        (["keys", "revoke", 99], "There is no key 99 in force; `orderdock keys list` shows them."),
        (["integrations", "delete", 99], "There is no integration 99; `orderdock integrations list` shows them."),
        (["accounts", "create", " "], "A name should have 1 to 250 printable characters."),
        (["accounts", "create", "a\nb"], "A name should have 1 to 250 printable characters."),
        (["accounts", "create", "a" * 251], "A name should have 1 to 250 printable characters."),
        (
            ["keys", "list", "--account", 2**70],
            "Invalid value for '--account': ids run from 1 to 9223372036854775807;",
        ),
        (
            ["keys", "revoke", 2**63],
            "Invalid value for 'ID': ids run from 1 to 9223372036854775807; --help says more.",
        ),
        (["keys", "revoke", "x"], "Invalid value for 'ID': Input should be a valid integer"),
        (["integrations", "create", "--name", "S"], "Missing option '--account'; --help says more."),
        (["accounts", "lst"], "No such command 'lst'"),
        (["accounts", "list", "--jsn"], "No such option: --jsn"),
    ],
)
def test_what_cannot_be_done_is_one_line(hub, words, line):
    assert refusal(*words, "--data-dir", hub.data).startswith(line)


def test_what_a_client_named_its_shop_does_not_steer_the_terminal(hub, integration):
    hub.sql("UPDATE integrations SET shop_name = %s WHERE id = %s", "\x1b[2J[red]", integration)

    assert "  \\x1b[2J[red]  " in hub.run("integrations", "list")


def commands(group, *path) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, *path, name)


@pytest.mark.parametrize("path", list(commands(typer.main.get_command(app))), ids=" ".join)
def test_every_command_explains_itself_on_80_columns(path):
    ended = run(*path, "--help")

    assert (ended.status, ended.err) == (0, "")
    assert f"Usage: orderdock {' '.join(path)}".rstrip() in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "…" not in ended.out


def test_the_version():
    assert run("--version") == (0, f"orderdock {__version__}\n", "")


def test_the_program_itself_does_as_it_does_here(hub):
    """All other tests call main(); this one starts what `make install` installs."""
    with start("keys", "revoke", "99", "--data-dir", hub.data, stdout=-1, stderr=-1, text=True) as process:
        out, err = process.communicate()

    assert (process.returncode, out) == (2, "")
    assert err == "orderdock: There is no key 99 in force; `orderdock keys list` shows them.\n"


def test_a_reader_who_has_enough_causes_no_traceback(hub):
    shown = f"{ORDERDOCK} keys list --json --data-dir {hub.data} | true"
    assert subprocess.run(["sh", "-c", shown], capture_output=True, text=True, check=False).stderr == ""


def test_a_light_command_does_not_load_the_server():
    watch = "import sys, orderdock.cli; print([m for m in ('uvicorn', 'orderdock.routes') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", watch], text=True) == "[]\n"


# import


@pytest.fixture(scope="module")
def northwind(tmp_path_factory) -> Path:
    """The 830 orders of ../shared; where that is not, 260 of the same kind."""
    if NORTHWIND.exists():
        return NORTHWIND
    days = [f"199{7 + n // 130}-{1 + n % 12:02}-{1 + n % 28:02}T09:00:00Z" for n in range(260)]
    orders = [an_order(str(10248 + n), 0, {"order_details.order_created_at": day}) for n, day in enumerate(days)]
    return write(tmp_path_factory.mktemp("northwind") / "orders.ndjson", *orders)


def times(hub, integration):
    return hub.sql("SELECT order_id, modified_at FROM orders WHERE integration_id = %s ORDER BY id", integration)


def in_utc(text: str) -> str:
    """The times of orders as they are stored."""
    return re.sub(r'(T\d\d:\d\d:\d\d)Z"', r'\1.000000+00:00"', text)


def test_the_northwind_orders_come_in_once_go_out_and_come_back_unchanged(hub, integration, northwind, tmp_path):
    orders = [json.loads(line) for line in northwind.read_text().splitlines()]
    n, into = len(orders), ("--integration", integration)

    assert hub.run("import", northwind, *into) == (
        f"{n} orders read: {n} created, 0 changed, 0 unchanged, 0 refused.\n"
    )
    stored = times(hub, integration)
    assert len(stored) == n
    assert hub.run("import", northwind, *into) == f"{n} orders read: 0 created, 0 changed, {n} unchanged, 0 refused.\n"
    assert times(hub, integration) == stored

    exported = tmp_path / "out.ndjson"
    assert hub.run("export", exported, *into) == f"Wrote {n} orders to {exported}.\n"
    for order in orders:
        order["order_details"]["integration"]["id"] = integration
    assert [json.loads(line) for line in exported.read_text().splitlines()] == json.loads(in_utc(json.dumps(orders)))
    # What was exported says by itself where it belongs.
    assert json.loads(hub.run("import", exported, "--account", 1, "--json")) == {
        "read": n, "created": 0, "changed": 0, "unchanged": n, "refused": 0, "refusals": [],
    }  # fmt: skip
    assert times(hub, integration) == stored

    url = f"/orders?order_created_at_min=1998-01-01&sort=order_number&page_size=50&integration={integration}"
    seen = []
    while url:
        answer = hub.client.get(url)
        seen += [order["order_number"] for order in answer.json()["data"]]
        url = answer.links.get("next", {}).get("url")
    of_1998 = [o["order_number"] for o in orders if o["order_details"]["order_created_at"] >= "1998"]
    assert seen == sorted(of_1998)
    assert len(seen) > 100


A, B = (json.dumps(an_order(name, 0)).encode() for name in "ab")


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (A + b"\n" + B + b"\n", 2),
        (A + b"\n" + B, 2),
        (b"\xef\xbb\xbf" + A + b"\n" + B, 2),
        (A + b"\r\n" + B + b"\r\n", 2),
        (b"\n\n" + A + b"\n  \r\n" + B + b"\n\n", 2),
        (b"[" + A + b",\n" + B + b"]", 2),
        (b"\xef\xbb\xbf\r\n [" + A + b"\n\t,\n" + B + b"]\n\n", 2),
        (b"", 0),
        (b"\n \n", 0),
        (b"\xef\xbb\xbf", 0),
        (b"[]", 0),
    ],
    ids=["lines", "no last newline", "BOM", "CRLF", "blank lines", "array", "array with BOM and spaces", "empty",
         "blank", "only BOM", "empty array"],
)  # fmt: skip
def test_ndjson_and_arrays_are_read_as_people_write_them(hub, integration, tmp_path, content, read):
    (tmp_path / "orders").write_bytes(content)

    assert hub.run("import", tmp_path / "orders", "--integration", integration) == (
        f"{read} orders read: {read} created, 0 changed, 0 unchanged, 0 refused.\n"
    )
    assert hub.count(integration) == read


def refused_among_good(integration: int) -> list[dict]:
    """250 orders; those at 3, 4 and 120 are refused."""
    orders = [an_order(f"r{n}", integration) for n in range(250)]
    orders[3]["order_details"]["order_items"][0]["quantity"] = 0
    orders[3]["order_number"] = 7
    orders[4]["order_id"] = "\x1b[2J"
    orders[4]["shipping_address"] = {"name": "x"}
    orders[120] = 7
    return orders


@pytest.mark.parametrize("as_array", [False, True])
def test_refused_orders_are_listed_with_every_fault_and_the_others_are_stored(hub, integration, tmp_path, as_array):
    orders, file = refused_among_good(0), tmp_path / "orders"
    write(file, *orders) if not as_array else file.write_text(json.dumps(orders))
    place = "entry" if as_array else "line"
    ended = run("import", file, "--integration", integration, "--data-dir", hub.data)

    assert (ended.status, ended.out) == (1, "250 orders read: 247 created, 0 changed, 0 unchanged, 3 refused.\n")
    lines = ended.err.splitlines()
    assert [line for line in lines if line.startswith(f"{place} 4, order r3: order_number: ")] == lines[:1]
    assert lines[1].startswith(f"{place} 4, order r3: order_details.order_items[0].quantity: ")
    assert all(line.startswith(f"{place} 5, order \\x1b[2J: shipping_address") for line in lines[2:-1])
    assert len(lines) > 4
    assert lines[-1].startswith(f"{place} 121, an order: ")
    assert hub.count(integration) == 247


def test_refused_orders_as_json(hub, integration, tmp_path):
    file = write(tmp_path / "orders", *refused_among_good(0))
    ended = run("import", file, "--integration", integration, "--json", "--data-dir", hub.data)
    summary = json.loads(ended.out)
    refusals = summary.pop("refusals")

    assert (ended.status, ended.err) == (1, "")
    assert summary == {"read": 250, "created": 247, "changed": 0, "unchanged": 0, "refused": 3}
    assert [(each["place"], each["order_id"]) for each in refusals] == [
        ("line 4", "r3"), ("line 5", "\x1b[2J"), ("line 121", None),
    ]  # fmt: skip
    assert [fault.partition(":")[0] for fault in refusals[0]["faults"]] == [
        "order_number", "order_details.order_items[0].quantity",
    ]  # fmt: skip


def test_an_order_of_an_integration_that_is_not_there_is_refused(hub, tmp_path):
    ended = run("import", write(tmp_path / "orders", an_order("a", 99)), "--account", 1, "--data-dir", hub.data)

    assert (ended.status, ended.out) == (1, "1 orders read: 0 created, 0 changed, 0 unchanged, 1 refused.\n")
    assert ended.err == "line 1, order a: order_details.integration.id: Integration with id 99 does not exist\n"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (A + b"\n\n{broken\n" + B, "line 3 is not JSON: JSON is malformed: "),
        (A + b"\n" + B[:-1], "line 2 is not JSON: Input data was truncated. Nothing is stored; a file has an order a"),
        (b"[" + A + b",\n\n" + B + b",\n,]", "line 4 is not JSON: JSON is malformed: "),
        (b"[" + A, "line 1 is not JSON: Input data was truncated. Nothing is stored; mend it first."),
        (b"PK\x03\x04", "line 1 is not JSON: "),
    ],
    ids=["line", "last line", "array", "cut array", "another format"],
)
def test_of_a_file_that_is_not_json_nothing_is_stored(hub, integration, tmp_path, content, line):
    (tmp_path / "orders").write_bytes(content)

    said = refusal("import", tmp_path / "orders", "--integration", integration, "--data-dir", hub.data)
    assert said.startswith(f"{tmp_path}/orders, {line}")
    assert hub.count(integration) == 0


@pytest.mark.parametrize("content", [b"[" * 100_000, A + b"\n" + b'{"a":' * 100_000], ids=["array", "line"])
def test_of_a_file_that_is_nested_too_deep_nothing_is_stored(hub, integration, tmp_path, content):
    (tmp_path / "orders").write_bytes(content)

    said = refusal("import", tmp_path / "orders", "--integration", integration, "--data-dir", hub.data)
    assert "is nested too deep. Nothing is stored; mend it" in said
    assert hub.count(integration) == 0


def test_orders_are_stored_in_the_order_of_the_file(hub, integration, tmp_path):
    part = {"order_id": "K", "order_details": {"integration": {"id": 0}, "status": {"code": "first line"}}}
    whole = an_order("K", 0, {"order_details.status.code": "second line"})

    ended = run(
        "import", write(tmp_path / "orders", part, whole, whole), "--integration", integration, "--json",
        "--data-dir", hub.data,
    )  # fmt: skip

    summary = json.loads(ended.out)
    assert (summary["created"], summary["changed"], summary["refused"]) == (1, 1, 1)
    assert [refusal["place"] for refusal in summary["refusals"]] == ["line 1"]
    run("export", tmp_path / "out", "--integration", integration, "--data-dir", hub.data)
    assert json.loads((tmp_path / "out").read_text())["order_details"]["status"] == {"code": "second line"}


def test_a_key_that_cannot_be_shown_is_not_made(hub):
    before = run("keys", "list", "--json", "--data-dir", hub.data).out
    with Path("/dev/full").open("w") as full:
        ended = start("keys", "create", "--account", 1, "--data-dir", hub.data, stdout=full, stderr=subprocess.PIPE)
        said = ended.communicate(timeout=30)[1].decode()

    assert (ended.returncode, said) == (2, "orderdock: Cannot write the output: No space left on device.\n")
    assert run("keys", "list", "--json", "--data-dir", hub.data).out == before


def test_an_export_leaves_other_files_alone(hub, integration, tmp_path):
    (tmp_path / "out.part").write_text("precious")

    run("export", tmp_path / "out", "--integration", integration, "--data-dir", hub.data)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.part"]
    assert (tmp_path / "out.part").read_text() == "precious"


def test_files_that_cannot_be_read(hub, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert refusal("import", tmp_path / "none", "--data-dir", hub.data) == (
        f"Cannot read {tmp_path}/none: No such file or directory; name a file that you may read."
    )
    for name in ("", "pipe"):
        assert refusal("import", tmp_path / name, "--data-dir", hub.data) == (
            f"Cannot read {tmp_path / name}: it is not a file; save the orders to one first."
        )


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_not_read(hub, tmp_path):
    (tmp_path / "orders").touch(mode=0)

    assert refusal("import", tmp_path / "orders", "--data-dir", hub.data) == (
        f"Cannot read {tmp_path}/orders: Permission denied; name a file that you may read."
    )


def test_whose_orders_they_are_has_to_be_said_when_it_could_be_several(hub, integration, tmp_path):
    other = hub.made("accounts", "create", "Other")
    empty = write(tmp_path / "orders")

    for words in (["import", empty], ["export", tmp_path / "out"]):
        assert refusal(*words, "--data-dir", hub.data) == (
            "Which account? Say --account ID; `orderdock accounts list` shows them."
        )
        assert refusal(*words, "--integration", 99, "--data-dir", hub.data) == (
            "There is no integration 99; `orderdock integrations list` shows them."
        )
        assert refusal(*words, "--integration", 0, "--data-dir", hub.data) == (
            "Invalid value for '--integration': ids run from 1 to 9223372036854775807; --help says more."
        )
        assert refusal(*words, "--integration", integration, "--account", other, "--data-dir", hub.data) == (
            f"Integration {integration} is one of account 1; leave --account out."
        )
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """A file of 20,000 orders, 11 MB."""
    line = json.dumps(an_order("@", 0, {"order_details.notes": "n" * 100})).replace("@", "%d")
    path = tmp_path_factory.mktemp("many") / "orders.ndjson"
    path.write_text("".join(line.replace("%d", str(n)) + "\n" for n in range(20_000)))
    return path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks /proc for the peak of its memory")
def test_a_file_of_any_size_takes_little_memory(data, many):
    """Of the peak, 60 MB are Python and its modules, and 11 MB the pages of the file itself."""
    measured = (
        "from orderdock.cli import main\ntry:\n    main()\n"
        "finally:\n    print(next(line for line in open('/proc/self/status') if 'VmHWM' in line))"
    )
    words = ["import", many, "--integration", 1, "--data-dir", data]
    out = subprocess.check_output([sys.executable, "-c", measured, *map(str, words)], text=True)
    summary, peak = out.splitlines()[:2]

    assert summary == "20000 orders read: 20000 created, 0 changed, 0 unchanged, 0 refused."
    assert int(peak.split()[1]) < 100_000  # kB


def test_progress_is_shown_on_the_terminal_and_not_in_the_output(hub, integration, northwind):
    master, terminal = pty.openpty()
    words = ["import", northwind, "--integration", integration, "--json", "--data-dir", hub.data]
    with start(*words, stdout=subprocess.PIPE, stderr=terminal, env={"TERM": "xterm"}) as process:
        os.close(terminal)
        out = process.stdout.read()
    shown = b""
    try:
        while part := os.read(master, 65536):
            shown += part
    except OSError:  # the terminal has nobody left who writes to it
        pass
    os.close(master)
    total = len(northwind.read_bytes().splitlines())

    assert json.loads(out)["created"] == total
    assert f"{total}/{total}".encode() in shown
    assert b"orders/s" in shown


def test_an_import_that_is_interrupted_ends_its_database_and_keeps_whole_batches(data, many):
    with start("import", many, "--integration", 1, "--data-dir", data, stderr=subprocess.PIPE) as process:
        until(lambda: stored(data) > 0)
        process.send_signal(signal.SIGINT)
        assert (process.wait(10), process.stderr.read()) == (130, b"")
    assert not database_runs(data)
    with embedded_database(data, print) as database, psycopg.connect(database.conninfo) as connection:
        count = connection.execute("SELECT count(*) FROM orders").fetchone()[0]
    assert 0 < count < 20_000
    assert count % 100 == 0


def stored(data: Path) -> int:
    try:
        with psycopg.connect(host=str(data / "socket"), user="orderdock", dbname="orderdock") as connection:
            return connection.execute("SELECT count(*) FROM orders").fetchone()[0]
    except psycopg.Error:
        return 0


def test_a_database_that_goes_away_is_one_line(data, many):
    with start("import", many, "--integration", 1, "--data-dir", data, stdout=-1, stderr=-1, text=True) as process:
        until(lambda: stored(data) > 0)
        os.kill(int((data / "postgres" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        out, err = process.communicate(timeout=30)

    assert (process.returncode, out) == (2, "")
    assert err == "orderdock: The database does not answer at the moment. Please try again.\n"


# export


def test_an_export_holds_the_integration_or_the_whole_account_oldest_first(hub, tmp_path):
    account = hub.made("accounts", "create", "E")
    one, two = (hub.made("integrations", "create", "--account", account, "--name", name) for name in "AB")
    for shop, name in ((two, "x"), (one, "y"), (two, "z")):
        hub.run("import", write(tmp_path / "in", an_order(name, 0)), "--integration", shop)

    assert hub.run("export", tmp_path / "all", "--account", account) == f"Wrote 3 orders to {tmp_path}/all.\n"
    assert hub.run("export", tmp_path / "two", "--integration", two, "--json") == '{"written":2}\n'
    assert [json.loads(line)["order_id"] for line in (tmp_path / "all").read_text().splitlines()] == ["x", "y", "z"]
    assert [json.loads(line)["order_id"] for line in (tmp_path / "two").read_text().splitlines()] == ["x", "z"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all", "in", "two"]


def test_an_export_that_cannot_be_written_leaves_nothing(hub, tmp_path):
    (tmp_path / "file").write_text("dear")
    os.mkfifo(tmp_path / "pipe")

    def said(path):
        return refusal("export", path, "--account", 1, "--data-dir", hub.data).replace(str(tmp_path), "…")

    assert said(tmp_path / "none" / "x") == (
        "Cannot write …/none/x: No such file or directory; name a file that you may write."
    )
    assert said(tmp_path / "file" / "x") == "Cannot write …/file/x: Not a directory; name a file that you may write."
    assert said(tmp_path) == "Cannot write …: it is not a file; name one."
    assert said(tmp_path / "pipe") == "Cannot write …/pipe: it is not a file; name one."
    assert said("") == "Cannot write .: it is not a file; name one."
    assert said("/proc/x") == "Cannot write /proc/x: No such file or directory; name a file that you may write."
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "pipe"]
    assert (tmp_path / "file").read_text() == "dear"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_export_where_it_is_not_permitted_leaves_nothing(hub, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)

    assert refusal("export", closed / "x", "--account", 1, "--data-dir", hub.data) == (
        f"Cannot write {closed}/x: Permission denied; name a file that you may write."
    )
    assert list(closed.iterdir()) == []


# check


def test_check_finds_columns_that_do_not_follow_from_their_order(data):
    local = Hub(data, None)
    orders = write(data.parent / "orders", an_order("a", 1), an_order("b", 1), an_order("c", 1))
    with embedded_database(data, print):  # kept up over the commands
        local.run("import", orders, "--integration", 1)

        assert local.run("check") == "3 orders checked, 0 differences.\n"
        assert local.run("check", "--json") == '{"checked":3,"differences":[]}\n'

        ids = dict(local.sql("SELECT order_id, id FROM orders"))
        local.sql("UPDATE orders SET status_folded = 'x', ordered_at = '2001-01-01Z' WHERE order_id = 'b'")
        local.sql("UPDATE orders SET doc = '{' WHERE order_id = 'c'")
        ended = run("check", "--data-dir", data)
        assert (ended.status, ended.out) == (1, "3 orders checked, 3 differences.\n")
        assert ended.err == (
            f"order {ids['b']} of account 1: status_folded is 'x', should be 'unfulfilled'\n"
            f"order {ids['b']} of account 1: ordered_at is '2001-01-01T00:00:00.000000+00:00', "
            "should be '2024-05-01T10:00:00.000000+00:00'\n"
            f"order {ids['c']} of account 1: doc is '{{', should be 'an order (Input data was truncated)'\n"
        )
        ended = run("check", "--json", "--data-dir", data)
        assert (ended.status, ended.err) == (1, "")
        assert json.loads(ended.out)["differences"][0] == {
            "account_id": 1, "id": ids["b"], "column": "status_folded", "stored": "x", "expected": "unfulfilled",
        }  # fmt: skip
