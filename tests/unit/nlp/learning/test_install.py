"""A new model takes over only when it is no worse, and the one before can come back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from nlp import readers
from nlp.baseline import RuleReader
from nlp.corpus import Example
from nlp.encoder.engines import MODEL
from nlp.encoder.reader import SETTINGS, SHIPPED, EncoderReader
from nlp.encoder.weights import MANIFEST, BadArtefact
from nlp.learning.install import PREVIOUS, compare, install, restore
from nlp.readers import CURRENT, ENGINES, model_in_use
from nlp.scheme import Intent
from tests.unit.nlp.encoder.trained import linked, rewrite, shipped, spread, voices, vouch
from tests.unit.nlp.utterances import an_utterance

pytestmark = pytest.mark.slow

CHANGES: dict[str, Any] = {
    "deaf": {"alert_from": 0.99},
    "alarmed": {"alert_from": 0.02, "unclear_from": 0.01},
    "talkative": {"thresholds": {str(intent): 0.001 for intent in Intent}},
}


def a_model(folder: Path, **changed: Any) -> Path:
    """The shipped model with other settings."""
    model = linked(SHIPPED, folder)
    settings = json.loads((model / SETTINGS).read_text(encoding="utf-8"))
    rewrite(model / SETTINGS, json.dumps(settings | changed).encode())
    vouch(model)
    return model


@lru_cache(maxsize=1)
def examples() -> Sequence[Example]:
    """80 messages of the test voices."""
    return spread(voices(), 80)


# --- comparing --------------------------------------------------------------------------------


def test_an_equal_model_is_no_worse(tmp_path: Path) -> None:
    verdict = compare(SHIPPED, a_model(tmp_path / "same"), examples())
    assert verdict.no_worse
    assert verdict.reasons == ()
    assert verdict.old == verdict.new


@pytest.mark.parametrize(
    ("name", "said"),
    [("deaf", "alert F1"), ("alarmed", "false alerts"), ("talkative", "macro-F1")],
)
def test_a_worse_model_is_refused_with_the_reason(name: str, said: str, tmp_path: Path) -> None:
    worse = a_model(tmp_path / name, **CHANGES[name])
    verdict = compare(SHIPPED, worse, examples())
    assert not verdict.no_worse
    assert any(reason.startswith(said) for reason in verdict.reasons), verdict.reasons
    assert compare(worse, SHIPPED, examples()).new == verdict.old


def test_a_better_model_is_accepted(tmp_path: Path) -> None:
    worse = a_model(tmp_path / "alarmed", **CHANGES["alarmed"])
    assert compare(worse, SHIPPED, examples()).no_worse


def test_a_broken_model_is_not_compared(tmp_path: Path) -> None:
    broken = a_model(tmp_path / "broken")
    rewrite(broken / SETTINGS, b"{}")
    with pytest.raises(BadArtefact, match="settings"):
        compare(SHIPPED, broken, examples())


# --- taking into use and back -----------------------------------------------------------------


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A model ready to be taken into use."""
    return a_model(tmp_path / "built")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Where models lie; not there yet."""
    return tmp_path / "data" / "models"


def in_use(models: Path) -> str | None:
    """The name of the model in use; None is the shipped one."""
    found = model_in_use(models)
    return found.name if found else None


def test_before_anything_is_installed_the_shipped_model_reads(models: Path) -> None:
    assert model_in_use(models) is None
    with pytest.raises(FileNotFoundError):
        restore(models)


def test_a_model_is_copied_whole_and_used(built: Path, models: Path) -> None:
    target = install(built, models, "one")
    assert model_in_use(models) == target == models / "one"
    assert {path.name for path in target.iterdir()} == {path.name for path in built.iterdir()}
    assert not any(path.is_symlink() for path in target.iterdir())
    assert EncoderReader(target).read([an_utterance("不去了")])[0].alert


def test_going_back_twice_is_where_one_was(built: Path, models: Path) -> None:
    install(built, models, "one")
    install(built, models, "two")
    assert in_use(models) == "two"
    assert restore(models) == "one"
    assert in_use(models) == "one"
    assert restore(models) == "two"
    assert in_use(models) == "two"


def test_before_the_first_model_was_the_shipped_one(built: Path, models: Path) -> None:
    install(built, models, "one")
    assert restore(models) == ""
    assert in_use(models) is None
    assert restore(models) == "one"
    assert in_use(models) == "one"


def test_a_model_that_is_not_whole_is_not_installed(built: Path, models: Path) -> None:
    install(built, models, "one")
    rewrite(built / MODEL, b"changed")
    with pytest.raises(BadArtefact, match=r"model\.onnx"):
        install(built, models, "two")
    assert in_use(models) == "one"
    assert not (models / "two").exists()


@pytest.mark.parametrize("name", ["one", "two"])
def test_what_a_crash_left_half_copied_is_replaced(name: str, built: Path, models: Path) -> None:
    (models / name).mkdir(parents=True)
    (models / name / MANIFEST).write_text("half", encoding="utf-8")
    (models / name / "stray").write_text("half", encoding="utf-8")
    assert {path.name for path in install(built, models, name).iterdir()} == {
        path.name for path in built.iterdir()
    }


@pytest.mark.parametrize("pointer", [CURRENT, PREVIOUS])
def test_a_crash_while_installing_leaves_a_model_in_use(
    pointer: str, built: Path, models: Path
) -> None:
    install(built, models, "one")
    install(built, models, "two")
    stop = models / f"{pointer}.new"
    stop.mkdir()  # the pointer cannot be written
    with pytest.raises(OSError, match="new"):
        install(built, models, "three")
    assert in_use(models) == "two"
    stop.rmdir()
    install(built, models, "three")
    assert in_use(models) == "three"
    assert restore(models) == "two"


@pytest.mark.parametrize("pointer", [CURRENT, PREVIOUS])
def test_a_crash_while_going_back_leaves_the_way_back_open(
    pointer: str, built: Path, models: Path
) -> None:
    install(built, models, "one")
    install(built, models, "two")
    stop = models / f"{pointer}.new"
    stop.mkdir()
    with pytest.raises(OSError, match="new"):
        restore(models)
    found = model_in_use(models)
    assert found is not None
    assert EncoderReader(found).name == EncoderReader(built).name
    stop.rmdir()
    assert restore(models) == "one"
    assert in_use(models) == "one"


# --- by name ----------------------------------------------------------------------------------


def test_a_reader_is_had_by_name(built: Path) -> None:
    assert isinstance(readers.reader("rules"), RuleReader)
    assert readers.reader().name == readers.reader("onnx").name == shipped().name
    deaf = a_model(built.parent / "deaf", **CHANGES["deaf"])
    asked = [an_utterance("薪资这块我再考虑一下")]
    assert readers.reader(f"onnx:{built}").read(asked)[0].alert
    assert not readers.reader(f"onnx:{deaf}").read(asked)[0].alert


def test_the_reference_reads_the_same_file(built: Path) -> None:
    found = readers.reader(f"torch:{built}")
    assert found.name == EncoderReader(built).name
    assert found.read([an_utterance("不去了")])[0].alert


@pytest.mark.parametrize("spec", ["", "tensorflow", "ONNX", "onnx ", ":folder"])
def test_an_unknown_engine_is_refused_with_the_known_ones(spec: str) -> None:
    with pytest.raises(ValueError, match=", ".join(ENGINES)):
        readers.reader(spec)


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_a_folder_without_a_model_is_refused(engine: str, tmp_path: Path) -> None:
    with pytest.raises(BadArtefact):
        readers.reader(f"{engine}:{tmp_path}")
