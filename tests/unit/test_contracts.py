"""Who may import whom, proven: the tree keeps every contract, and each planted violation breaks
the contract that is meant for it and no other."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.unit.sources import PACKAGES, ROOT, modules

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]

STAIRCASE = "The packages form a staircase"
DOWN = "Inside bot, imports only go down"
PURE = "Deciding is pure"
READING = "Reading needs no service"
SETTINGS = "Settings are read where the product is started"
APART = "Channels do not know each other"
BY_NAME = "Channels are loaded by name"

#: (file, line planted at its end, contracts it must break)
VIOLATIONS = (
    ("nlp/reading.py", "import storage.enums", {STAIRCASE}),
    ("nlp/process.py", "import scheduler.errors", {STAIRCASE}),
    ("nlp/lines.py", "import bot.errors", {STAIRCASE}),
    ("nlp/process.py", "import config.files", {STAIRCASE, SETTINGS}),
    ("storage/viewer.py", "import nlp.scheme", {STAIRCASE}),
    ("storage/queries/people.py", "import scheduler.engine", {STAIRCASE}),
    ("storage/migrate.py", "import config.settings", {STAIRCASE, SETTINGS}),
    ("config/files.py", "import storage.enums", {STAIRCASE}),
    ("scheduler/clock.py", "import bot.jobs", {STAIRCASE}),
    ("bot/app.py", "import bot.cli", {DOWN}),
    ("bot/web/views.py", "import bot.serving", {DOWN}),
    ("bot/jobs.py", "import bot.web.pages", {DOWN}),
    ("bot/pipeline.py", "import bot.desk", {DOWN}),
    ("bot/rows.py", "import bot.records", {DOWN}),
    ("bot/rulebook.py", "import bot.conversation.router", {DOWN}),
    ("bot/risk/engine.py", "import bot.alerts.policy", {DOWN}),
    ("bot/words.py", "import bot.risk.engine", {DOWN}),
    ("bot/channels/base.py", "import bot.turn", {DOWN}),
    ("bot/messages.py", "import bot.channels.base", {DOWN}),
    ("bot/anything.py", "", {DOWN}),
    ("bot/conversation/router.py", "import sqlalchemy", {PURE}),
    ("bot/conversation/flows/staff.py", "import sqlmodel", {PURE}),
    ("bot/conversation/flows/listening.py", "import scheduler.engine", {PURE}),
    ("bot/alerts/policy.py", "import httpx", {PURE}),
    ("bot/risk/engine.py", "import fastapi", {PURE}),
    ("bot/messages.py", "import telegram", {PURE}),
    ("bot/turn.py", "import storage.database", {PURE}),
    ("bot/words.py", "import storage.queries.people", {PURE}),
    ("bot/rulebook.py", "import storage.tables.people", {PURE}),
    ("bot/risk/definition.py", "import storage.vault", {PURE}),
    ("bot/errors.py", "import httpx", {PURE}),
    ("nlp/process.py", "import psycopg", {READING}),
    ("nlp/lines.py", "import httpx", {READING}),
    ("bot/pipeline.py", "import config.settings", {SETTINGS}),
    ("bot/web/pages.py", "import config.files", {SETTINGS}),
    ("bot/channels/webchat.py", "import bot.channels.telegram", {APART}),
    ("bot/channels/telegram.py", "import bot.channels.webchat", {APART}),
    ("bot/delivery.py", "import bot.channels.webchat", {BY_NAME}),
    ("bot/app.py", "import bot.channels.telegram", {BY_NAME}),
)


def broken(tree: Path) -> set[str]:
    """Names of the contracts ``lint-imports`` reports broken in a tree."""
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", run.stdout, re.MULTILINE))
    assert set(verdicts) == {contract["name"] for contract in CONTRACTS}, run.stdout + run.stderr
    found = {name for name, verdict in verdicts.items() if verdict == "BROKEN"}
    assert run.returncode == (1 if found else 0)
    return found


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages to plant things in."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        for source in (ROOT / package).rglob("*.py"):
            target = copy / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    return copy


@pytest.fixture(scope="module")
def before(tree: Path) -> set[str]:
    """What is broken without a planted violation: nothing, or another test says so."""
    return broken(tree)


@pytest.mark.slow  # `make check` asks lint-imports itself
def test_the_tree_keeps_every_contract() -> None:
    assert broken(ROOT) == set()


def test_every_contract_has_a_violation_that_proves_it() -> None:
    proven = {name for *_, names in VIOLATIONS if len(names) == 1 for name in names}
    assert proven == {contract["name"] for contract in CONTRACTS}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "line", "names"), VIOLATIONS, ids=[f"{f}:{x}" for f, x, _ in VIOLATIONS]
)
def test_a_violation_breaks_the_contract_meant_for_it(
    tree: Path, before: set[str], file: str, line: str, names: set[str]
) -> None:
    path = tree / file
    source = path.read_bytes() if path.exists() else b""
    path.write_bytes(source + f"\n{line}\n".encode())
    try:
        assert broken(tree) == names | before
    finally:
        if source:
            path.write_bytes(source)
        else:
            path.unlink()


def test_a_channel_is_named_in_the_contract_that_holds_them_apart() -> None:
    [contract] = [c for c in CONTRACTS if c["name"] == APART]
    channels = {
        f"bot.channels.{path.stem if path.stem != '__init__' else path.parent.name}"
        for path in (ROOT / "bot" / "channels").rglob("*.py")
        if any(
            isinstance(node, ast.FunctionDef) and node.name == "build"
            for node in ast.parse(path.read_text("utf-8")).body
        )
    }
    assert set(contract["modules"]) == channels


def test_the_errors_deciding_may_see_need_nothing_but_the_standard_library() -> None:
    for file in ("scheduler/errors.py", "storage/errors.py", "storage/enums.py"):
        for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                assert name.partition(".")[0] in sys.stdlib_module_names, f"{file}: {name}"


#: What builds or runs SQL. Exceptions of SQLAlchemy may be named elsewhere.
_SQL_ROOTS = ("sqlalchemy", "sqlmodel")


def _sql_names(tree: ast.Module) -> list[str]:
    """Names of SQLAlchemy that a module uses, other than its exceptions."""
    aliases, used = set(), []
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] in _SQL_ROOTS:
                    aliases.add(alias.asname or alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_SQL_ROOTS):
            if node.module != "sqlalchemy.exc":
                used += [alias.name for alias in node.names if alias.name != "exc"]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            used += [node.func.id] if node.func.id == "select" else []
    for node in nodes if aliases else ():
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used += [node.attr] if node.value.id in aliases and node.attr != "exc" else []
    return used


def test_no_statement_is_built_outside_storage() -> None:
    for path, module in modules().items():
        if path.parts[0] != "storage":
            used = _sql_names(module)
            assert not used, f"{path} uses {used}: SQL lives in storage/queries"


@pytest.mark.parametrize(
    "source",
    [
        "import sqlalchemy as sa\nsa.text('SELECT 1')",
        "import sqlalchemy\nsqlalchemy.select(1)",
        "from sqlmodel import select\nselect(1)",
        "from storage.queries.common import select\nselect(1)",
    ],
)
def test_a_statement_is_noticed_however_it_is_spelt(source: str) -> None:
    assert _sql_names(ast.parse(source))
