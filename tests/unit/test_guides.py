"""The guides of the channels agree with the settings and with what the product says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.channels import base
from config import sources
from config.settings import ChannelSettings, Settings
from tests import guides

ROOT = guides.ROOT
CHANNELS = base.discover()
#: Where settings are named for people.
DOCUMENTS = (
    *sorted(guides.FOLDER.glob("*.md")),
    *(ROOT / name for name in ("README.md", "CHANGELOG.md", "compose.yaml", "Dockerfile")),
    ROOT / "bot" / "channels" / "README.md",
    ROOT / "config" / "README.md",
    ROOT / "config" / "settings.yaml",
)
#: Stand for settings in a sentence, or belong to a tool beside the product.
NOT_SETTINGS = {"YINUO_SECTION__KEY", "YINUO_SECTION__KEY_FILE", "YINUO_PUBLIC_URL"}


def section_of(channel: str) -> type[BaseModel]:
    kind = Settings.model_fields[channel].annotation
    assert isinstance(kind, type)
    assert issubclass(kind, BaseModel)
    return kind


def own(channel: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The settings of a channel: the field, and the variables it goes by."""
    for field, info in section_of(channel).model_fields.items():
        known = sources.names(field, info)
        yield field, tuple(sources.variable((channel, name)) for name in known)


def test_every_channel_has_a_guide_and_every_guide_a_channel() -> None:
    assert [path.stem for path in sorted(guides.FOLDER.glob("*.md"))] == CHANNELS


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_variable_that_a_document_names_is_a_setting(path: Path) -> None:
    named = set(guides.VARIABLE.findall(path.read_text("utf-8"))) - NOT_SETTINGS
    assert sources.strange(Settings, named) == []


def test_a_variable_that_is_no_setting_would_be_noticed() -> None:
    told = guides.VARIABLE.findall(
        "`YINUO_WECOM__SECRETS`, YINUO_WECOM__SECRET_FILE, YINUO_WECOM__…"
    )
    assert told == ["YINUO_WECOM__SECRETS", "YINUO_WECOM__SECRET_FILE"]
    assert sources.strange(Settings, told) == ["YINUO_WECOM__SECRETS"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_guide_lists_every_setting_of_its_channel_by_every_name(channel: str) -> None:
    listed = set(guides.VARIABLE.findall(guides.section(channel, "全部设置")))
    for field, variables in own(channel):
        assert variables[0] in listed, f"{channel}.md does not list {variables[0]}"
        if not field.startswith("old_"):
            assert set(variables) <= listed, f"{channel}.md lists {field} under one name only"


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_readme_of_the_settings_names_every_setting_of_a_channel(channel: str) -> None:
    text = (ROOT / "config" / "README.md").read_text("utf-8")
    [row] = re.findall(rf"^\| `YINUO_{channel.upper()}__` \|(.*)$", text, re.M)
    for _, variables in own(channel):
        assert f"`{variables[0].partition('__')[2]}`" in row, variables[0]


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_fewest_settings_of_a_guide_switch_its_channel_on(channel: str) -> None:
    given = guides.minimal(channel)
    kind = section_of(channel)
    if issubclass(kind, ChannelSettings):
        needed = {sources.variable((channel, name)) for name in kind.needs}
        assert needed <= set(given)
    assert sources.strange(Settings, given) == []


@pytest.mark.parametrize("channel", [name for name in CHANNELS if name != "webchat"])
def test_what_a_guide_says_one_may_read_is_what_the_product_says(channel: str) -> None:
    files = [ROOT / "bot" / "doctor.py", *(ROOT / "bot" / "channels").glob(f"{channel}*.py")]
    # Long texts stand in several pieces.
    said = re.sub(r'"\s*\n\s*f?"', "", "\n".join(path.read_text("utf-8") for path in files))
    symptoms = guides.symptoms(channel)
    assert len(symptoms) >= 5
    assert [one for one in symptoms if one not in said] == []


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_guide_begins_with_a_summary_in_english_and_shows_how_to_try(channel: str) -> None:
    title, _, rest = guides.text(channel).partition("\n\n")
    assert title.startswith("# ")
    assert re.match(r"\*In short: [^*]+\*\n", rest)
    assert f"yinuo channel check {channel}" in guides.section(channel, "试一试")


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_guide_is_found_from_the_readme_and_from_the_index(channel: str) -> None:
    assert f"(bot/channels/guides/{channel}.md)" in (ROOT / "README.md").read_text("utf-8")
    index = (ROOT / "bot" / "channels" / "README.md").read_text("utf-8")
    assert f"(guides/{channel}.md)" in index
    assert f"| `{channel}.py` |" in index
