"""What the image and the compose file promise, read from the files themselves."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest), continuation lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines) if word]


def last_stage() -> list[tuple[str, str]]:
    """The instructions of the stage that runs."""
    found = instructions()
    start = max(n for n, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
ROLES = ("web", "worker", "clock")


def test_there_are_two_stages_of_a_pinned_release() -> None:
    bases = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    assert bases == ["python:3.11-slim-bookworm"] * 2


def test_what_is_installed_is_held_to_its_hashes() -> None:
    fetches = [
        command
        for word, rest in instructions()
        if word == "RUN"
        for command in rest.split("&&")
        if "pip " in command and "check" not in command
    ]
    assert len(fetches) == 4
    for command in fetches:
        assert re.search(r"--require-hashes|--no-index|--no-deps --wheel-dir /wheels \.", command)


def test_it_runs_as_nobody_in_particular() -> None:
    users = [rest for word, rest in last_stage() if word == "USER"]
    assert users[-1:] == ["10001:10001"]
    words = [word for word, _ in last_stage()]
    assert words.index("USER") > max(n for n, word in enumerate(words) if word in ("RUN", "COPY"))


def test_it_says_where_it_writes_and_whether_it_is_well() -> None:
    stage = dict(last_stage())
    environment = stage["ENV"]
    volumes = json.loads(stage["VOLUME"])
    assert f"YINUO_DATA_DIR={volumes[0]}" in environment
    assert stage["EXPOSE"] == "8000"
    probe = json.loads(stage["HEALTHCHECK"].partition("CMD ")[2])
    assert probe[:2] == ["python", "-c"]
    assert "127.0.0.1:8000/healthz" in probe[2]
    compile(probe[2], "healthcheck", "exec")
    assert json.loads(stage["CMD"]) == ["yinuo", "serve", "--host", "0.0.0.0"]  # noqa: S104


def test_the_image_takes_only_what_is_named() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    named = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert copied == named
    for source in copied:
        assert (ROOT / source).exists(), source


def test_no_machine_learning_framework_and_no_test_tool_is_inside() -> None:
    runtime = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")
    for name in ("torch", "tensorflow", "transformers", "pytest", "playwright"):
        assert not re.search(rf"^{name}\b", runtime, re.M)


def test_no_image_is_whatever_is_latest() -> None:
    for name, service in COMPOSE["services"].items():
        tag = service["image"].partition(":")[2]
        assert tag, name
        assert "latest" not in tag, name
    assert COMPOSE["services"]["web"]["image"] == f"yinuo:{VERSION}"
    assert COMPOSE["services"]["database"]["image"].startswith("postgres:17")


def test_no_secret_stands_in_the_file() -> None:
    for path, value in _leaves(COMPOSE):
        if re.search(r"password|secret|token|database_url", path, re.I):
            assert re.search(r"(^|/)secrets(/|$)", value) or value in COMPOSE["secrets"], path
        assert not re.search(r"://[^/\s:]+:[^@\s]+@", value), path
    for secret in COMPOSE["secrets"].values():
        assert set(secret) == {"file"}


def _leaves(node: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(node, dict):
        return [leaf for key, value in node.items() for leaf in _leaves(value, f"{path}/{key}")]
    if isinstance(node, list):
        return [leaf for value in node for leaf in _leaves(value, path)]
    return [(path, str(node))]


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_one_container_that_can_do_little_harm(role: str) -> None:
    service = COMPOSE["services"][role]
    command = service["command"]
    assert command[:2] == ["yinuo", "serve"]
    assert command[command.index("--role") + 1] == role
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["depends_on"]["prepare"]["condition"] == "service_completed_successfully"


def test_only_web_is_reached_and_only_from_this_machine() -> None:
    published = {name: s["ports"] for name, s in COMPOSE["services"].items() if "ports" in s}
    assert published == {"web": ["127.0.0.1:8000:8000"]}
    proxies = json.loads(COMPOSE["services"]["web"]["environment"]["YINUO_WEB__TRUSTED_PROXIES"])
    assert proxies == [COMPOSE["networks"]["inside"]["ipam"]["config"][0]["gateway"]]


def test_every_setting_it_names_exists() -> None:
    for name in COMPOSE["services"]["web"]["environment"]:
        model: Any = Settings
        for part in name.removeprefix(PREFIX).removesuffix("_FILE").lower().split("__"):
            assert part in model.model_fields, name
            model = model.model_fields[part].annotation
