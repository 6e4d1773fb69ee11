"""Rules of the house: said once in review, kept by a test."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from bot import jobs, rulebook
from bot.hearing import spans_in
from bot.risk import definition, engine
from bot.risk.definition import RuleDefinition, Rules
from bot.ticking import ticks
from bot.turn import Heard
from config import files
from nlp.baseline import RuleReader
from nlp.reading import Utterance
from tests.builders import NOW, a_context, a_rulebook
from tests.unit.sources import PACKAGES, ROOT, modules

NOT_OURS = {"node_modules", "var", "build", "dist", "__pycache__", "vendor"}
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONFIG_YAML = sorted((ROOT / "config").rglob("*.yaml"))


def kept_files() -> list[Path]:
    """The files of the repository: what git knows or would add, else what lies here."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        found = [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name]
    else:
        found = list(ROOT.rglob("*"))
    return [path for path in found if path.is_file() and _is_ours(path.relative_to(ROOT))]


def _is_ours(path: Path) -> bool:
    hidden = {part for part in path.parts[:-1] if part.startswith(".")} - {".ci"}
    return not hidden and NOT_OURS.isdisjoint(path.parts)


def locked(name: str) -> dict[str, str]:
    """The pinned distributions of a lock file with the hashes under each."""
    text = (ROOT / name).read_text("utf-8")
    pins = re.findall(r"^([a-z0-9._-]+)==\S+([^\n]*(?:\n    --hash=\S+[^\n]*)+)", text, re.M)
    assert len(pins) == len(re.findall(r"^\S", text, re.M)), f"{name}: a line without hashes"
    return dict(pins)


# --- packages ---------------------------------------------------------------------------------


def test_no_dependency_ships_a_package_of_our_name() -> None:
    shipped = importlib.metadata.packages_distributions()
    for package in PACKAGES:
        assert set(shipped.get(package, ())) <= {"yinuo"}, package


@pytest.mark.parametrize("package", [*PACKAGES, "tests"])
def test_files_stay_under_400_lines(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        if "versions" in path.parts:  # a migration is written once and never edited
            continue
        assert len(path.read_text("utf-8").splitlines()) < 400, path.relative_to(ROOT)


@pytest.mark.parametrize(
    "place", ["bot", "bot/channels", "bot/web", "config", "nlp", "scheduler", "storage"]
)
def test_a_readme_says_how_to_add_one(place: str) -> None:
    text = (ROOT / place / "README.md").read_text("utf-8")
    assert re.search(r"[Aa]dd|[Hh]ow do I|加", text), place


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_is_for(package: str) -> None:
    for path, module in modules().items():
        if path.parts[0] == package and "versions" not in path.parts:
            assert ast.get_docstring(module), path


def test_no_error_is_swallowed_whole() -> None:
    for path, module in modules().items():
        for node in ast.walk(module):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{path}:{node.lineno}"
                only_pass = [type(one) for one in node.body] == [ast.Pass]
                assert not only_pass, f"{path}:{node.lineno}"


# --- repository -------------------------------------------------------------------------------

#: Spelt in pieces, so that this file does not match itself. Each begins with a letter, not with a
#: look behind it: only then does the search skip what none of them begins with.
_LEAKS = re.compile(
    "|".join(
        (
            "pypi" + r"\.org",
            "pythonhosted" + r"\.org",
            "registry" + r"\.npm",
            "npm" + "mirror",
            r"--index(?<!emit--index)" + "-url",
            "--find" + "-links",
            r"/(?<![\w.}]/)(?:work|root|home/\w+|opt/pypi|opt/wheels|tmp/\w+)" + "/",
        )
    )
)


def test_no_file_names_a_registry_or_a_machines_folders() -> None:
    for path in kept_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        assert _LEAKS.findall(text) == [], path.relative_to(ROOT)


@pytest.mark.parametrize(
    "text", ["see https://pypi" + ".org/x", "--index" + "-url x", "open('/work" + "/main/a')"]
)
def test_such_a_name_would_be_noticed(text: str) -> None:
    assert _LEAKS.search(text)


def test_there_is_one_lock_and_it_is_ours() -> None:
    names = {path.name for path in kept_files()}
    for foreign in ("uv.lock", "poetry.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"):
        assert foreign not in names


def test_every_pinned_distribution_has_hashes_and_every_dependency_a_pin() -> None:
    runtime, dev = locked("requirements/runtime.txt"), locked("requirements/dev.txt")
    assert set(runtime) <= set(dev)
    assert locked(".ci/build.txt")
    for wanted, pins in (
        (PROJECT["project"]["dependencies"], runtime),
        (PROJECT["project"]["optional-dependencies"]["dev"], dev),
    ):
        for requirement in wanted:
            name = re.match(r"[A-Za-z0-9._-]+", requirement)
            assert name is not None
            assert re.sub(r"[-_.]+", "-", name[0]).lower() in pins, requirement


def test_notice_names_every_library_with_its_licence() -> None:
    text = (ROOT / "NOTICE").read_text("utf-8")
    named = dict(re.findall(r"^  ([a-z0-9._-]+) {2,}(\S.*)$", text, re.M))
    assert set(named) == set(locked("requirements/runtime.txt"))
    for name, licence in named.items():
        try:
            said = importlib.metadata.metadata(name)["License-Expression"]
        except importlib.metadata.PackageNotFoundError:  # of another operating system
            continue
        assert licence == (said or licence), name
        assert re.fullmatch(r"[A-Za-z0-9.+-]+( (OR|AND) [A-Za-z0-9.+-]+)*", licence), name


def test_notice_names_every_vendored_folder() -> None:
    text = (ROOT / "NOTICE").read_text("utf-8")
    vendored = [p for p in (ROOT / "bot/web/static/vendor").iterdir() if p.is_dir()]
    assert vendored
    for folder in vendored:
        assert folder.relative_to(ROOT).as_posix() in text
        assert (folder / "LICENSE").is_file()


def test_the_changelog_tells_of_the_version_or_of_what_comes() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text or f"## [{PROJECT['project']['version']}]" in text


@pytest.mark.parametrize("script", ["run", "check", "browser"])
def test_ci_runs_plain_scripts(script: str) -> None:
    path = ROOT / ".ci" / script
    assert os.access(path, os.X_OK)
    assert path.read_text("utf-8").startswith("#!/usr/bin/env bash\n")


def test_hooks_need_no_network() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert {repo["repo"] for repo in hooks["repos"]} == {"local"}
    for hook in hooks["repos"][0]["hooks"]:
        assert hook["language"] == "system"


# --- config -----------------------------------------------------------------------------------


class _Strict(yaml.SafeLoader):
    """A loader that refuses the same key twice, where YAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        twice = {str(key) for key in keys if keys.count(key) > 1}
        assert not twice, f"{node.start_mark}: {twice} twice"
        return super().construct_mapping(node, deep=deep)


@pytest.mark.parametrize("path", CONFIG_YAML, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_a_config_file_parses_and_says_nothing_twice(path: Path) -> None:
    assert yaml.load(path.read_text("utf-8"), Loader=_Strict)  # noqa: S506


def test_a_key_given_twice_is_noticed() -> None:
    with pytest.raises(AssertionError, match="twice"):
        yaml.load("a: {b: 1, c: 2, b: 3}", Loader=_Strict)  # noqa: S506


def test_the_shipped_config_is_a_usable_rulebook() -> None:
    book = rulebook.parse("示例科技", files.read, files.read_folder)
    assert set(book.risk) == {path.stem for path in (ROOT / "config" / "risk").glob("*.yaml")}


def test_the_schedule_names_what_is_timed_and_nothing_else() -> None:
    schedule = files.read("schedule.yaml")
    assert set(schedule) == set(jobs.TICKS)
    nothing, sweeps = cast(Any, None), cast(Any, SimpleNamespace(run=None))
    assert set(ticks(nothing, nothing, sweeps)) == set(jobs.TICKS)
    assert all(float(tick["every_s"]) > 0 for tick in schedule.values())


def fired(rule: RuleDefinition, rules: Rules) -> set[str]:
    """The rules that the reader's reading of a rule's example fulfils."""
    assert rule.example is not None
    context = a_context(rule.example)
    utterance = Utterance(text=context.text, stage=rule.stage, now=NOW)
    [reading] = RuleReader().read([utterance])
    heard = Heard(reading=reading, spans=spans_in(context.said, reading))
    return {factor.rule for factor in engine.matched(rules, heard)}


@pytest.mark.parametrize(
    "name", sorted(name for name, rule in a_rulebook().risk.items() if rule.example)
)
def test_the_example_of_a_risk_rule_fires_that_rule(name: str) -> None:
    rules = a_rulebook().risk
    assert name in fired(rules[name], rules)


def test_the_rule_the_readme_shows_works_as_shown() -> None:
    text = (ROOT / "config" / "README.md").read_text("utf-8")
    [shown] = re.findall(r"```yaml\n# config/risk/(\w+)\.yaml\n(.+?)```", text, re.S)
    rules = definition.parse({shown[0]: yaml.safe_load(shown[1])})
    assert fired(rules[shown[0]], rules) == {shown[0]}
