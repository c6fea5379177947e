"""The rules of the house (CONTRIBUTING.md), read off the source: each test says in words what it found."""

import ast
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from orderdock import errors, settings
from orderdock.cli import app
from orderdock.routes import ENDPOINTS

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "orderdock"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# From the ground up: a module imports only what stands before it, or its neighbours of the same folder.
LAYERS = (
    ("orderdock.limits", "orderdock.errors", "orderdock.offload"),
    ("orderdock.values", "orderdock.settings"),
    ("orderdock.db",),
    ("orderdock.http",),
    ("orderdock.idempotency",),
    ("orderdock.accounts",),
    ("orderdock.integrations",),
    ("orderdock.orders",),
    ("orderdock.examples", "orderdock.routes"),
    ("orderdock.app",),
    ("orderdock.server",),
    ("orderdock.cli",),
)
# Within a folder: what is stored and said, then what decides, then who asks.
GROUND, DOORS = {"store", "schema", "project", "merge"}, {"api", "web", "jobs"}

SQL = re.compile(r"\b(SELECT\b.+\bFROM\b|INSERT INTO\b|UPDATE\b.+\bSET\b|DELETE FROM\b|CREATE TABLE\b)", re.DOTALL)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> set[str]:
    """The modules of ours that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    modules = {module_name(source) for source in SOURCES}
    return {name for name in found if name in modules and name.startswith("orderdock.")}


def layer(module: str) -> int:
    return next(rank for rank, names in enumerate(LAYERS) if any(f"{module}.".startswith(f"{n}.") for n in names))


def test_sql_is_only_in_the_stores_and_in_db():
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        if path.name != "store.py" and path.parent != PACKAGE / "db"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    ]
    assert not found, f"SQL outside of a store.py and of db/: {found}"


def test_imports_run_one_way():
    found = [
        f"{module} imports {imported}"
        for path in SOURCES
        if (module := module_name(path)) != "orderdock"
        for imported in imports(path)
        if layer(imported) > layer(module)
    ]
    assert not found, f"These imports run against the layers: {found}"


def test_imports_within_a_folder_run_from_door_to_store():
    def rank(module: str) -> int:
        name = module.rpartition(".")[2]
        return 0 if name in GROUND else 2 if name in DOORS else 1

    found = [
        f"{module} imports {imported}"
        for path in SOURCES
        for imported in imports(path)
        if (module := module_name(path)).rpartition(".")[0] == imported.rpartition(".")[0] != "orderdock"
        and module.split(".")[1] in ("accounts", "integrations", "orders")
        and rank(imported) > rank(module)
    ]
    assert not found, f"A store or schema imports what decides, or that imports a door: {found}"


def test_importing_does_nothing():
    """No connection, no process, no thread, no file written, no environment changed by importing every module."""
    watch = (
        "import sys\n"
        "def hook(event, args):\n"
        "    writes = event == 'open' and isinstance(args[1], str) and set(args[1]) & set('wax+')\n"
        "    if writes or event in ('socket.connect', 'socket.bind', 'subprocess.Popen', 'os.putenv', 'os.mkdir',\n"
        "                           'os.fork', '_thread.start_new_thread'):\n"
        "        sys.stderr.write(f'importing did {event} {args}\\n'); sys.exit(1)\n"
        "sys.dont_write_bytecode = True\n"
        "sys.addaudithook(hook)\n"
    )
    names = [module_name(path) for path in SOURCES if path.name != "__main__.py"]
    result = subprocess.run(
        [sys.executable, "-c", watch + "\n".join(f"import {name}" for name in names)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_public_has_a_docstring(path: Path):
    tree = ast.parse(path.read_text())
    nodes = [tree] if tree.body else []
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            nodes.append(node)
    missing = [getattr(node, "name", "the module") for node in nodes if not ast.get_docstring(node)]
    assert not missing, f"{path.relative_to(ROOT)}: without a docstring: {missing}"


def test_an_endpoint_opens_its_docstring_with_method_and_path():
    wrong = [
        endpoint.handler.__name__
        for endpoint in ENDPOINTS
        if not (endpoint.handler.__doc__ or "").startswith(f"{endpoint.method} {endpoint.path}") and endpoint.documented
    ]
    assert not wrong, f"These handlers do not say which endpoint they are: {wrong}"


def test_the_public_routes_are_exactly_these():
    public = sorted(f"{endpoint.method} {endpoint.path}" for endpoint in ENDPOINTS if endpoint.scope is None)
    assert public == [
        "GET /api/v3/openapi.json",
        "GET /docs",
        "GET /healthz",
        "GET /readyz",
        "GET /static/{path:path}",
    ]


# Documentation


def documentation(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


def test_every_setting_is_documented():
    assert settings_table() in documentation("operating.md"), (
        f"docs/operating.md should hold this table of settings:\n\n{settings_table()}"
    )


def settings_table() -> str:
    """The table of settings, as docs/operating.md has it."""
    rows = ["| variable | default | what it is |", "| --- | --- | --- |"]
    for setting in fields(settings.Settings):
        default = {"": "", "()": "", "False": "`false`"}.get(str(setting.default), f"`{setting.default}`")
        variable = settings.PREFIX + setting.name.upper()
        option = f" (`--{setting.name.replace('_', '-')}`)" if setting.metadata["option"] else ""
        rows.append(f"| `{variable}`{option} | {default} | {setting.metadata['meaning']} |")
    return "\n".join(rows)


def test_every_route_is_documented():
    text = documentation("api.md")
    missing = [
        f"{endpoint.method} {endpoint.path}"
        for endpoint in ENDPOINTS
        if endpoint.documented and f"`{endpoint.method} {endpoint.path}`" not in text
    ]
    assert not missing, f"docs/api.md does not name {missing}"


def test_every_kind_of_error_is_documented():
    text = documentation("api.md")
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.Problem)]
    missing = [kind.__name__ for kind in kinds if f"| {kind.status} | `{kind.code}` |" not in text]
    assert not missing, f"docs/api.md does not name status and code of {missing}"


def commands(group: typer.core.TyperGroup, path: str = "orderdock") -> list[str]:
    names = []
    for name, command in group.commands.items():
        inner = f"{path} {name}"
        names += commands(command, inner) if hasattr(command, "commands") else [inner]
    return names


def test_every_command_is_documented():
    missing = [
        name for name in commands(typer.main.get_command(app)) if f"`{name}" not in documentation("operating.md")
    ]
    assert not missing, f"docs/operating.md does not name {missing}"
