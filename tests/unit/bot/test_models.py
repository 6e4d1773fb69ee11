"""Opening the reader in use: what cannot be opened says why and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import doctor, models
from config.settings import Settings


def test_the_rules_need_no_model(tmp_path: Path) -> None:
    assert models.opened("rules", None, tmp_path).name.startswith("rules@")


def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(models.ModelUnusable, match="yinuo doctor") as caught:
        models.opened("onnx", tmp_path / "none", tmp_path)
    assert "manifest.json" in caught.value.reason
    assert "yinuo doctor" not in caught.value.reason


def test_the_doctor_names_the_file_and_the_way_back(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "reader": {"model": tmp_path / "none"}}
    )
    [finding] = doctor._reader(settings)
    assert finding.state == "fail"
    assert "manifest.json" in finding.found
    assert "train --restore" in finding.remedy
