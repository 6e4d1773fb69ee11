"""The files of ``config/`` are read fast, alike by either loader, and complained about in full."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from config import files

EVERY = sorted(str(path.relative_to(files.HERE)) for path in files.HERE.glob("**/*.yaml"))


@pytest.mark.parametrize("name", EVERY)
def test_a_file_says_the_same_to_the_fast_loader_as_to_python_s(name: str) -> None:
    assert files.read(name) == yaml.safe_load((files.HERE / name).read_text("utf-8"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("甲: 1\n乙: 丙: 2\n", "line 2, column 5:\n    乙: 丙: 2\n        ^"),
        ("a: !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
        ("a: [1,\nb: 2\n", "line 3, column 1"),
        ("a: *nobody\n", "found undefined alias 'nobody'"),
        ("a: \x01\n", "special characters are not allowed"),
    ],
    ids=["colon", "object", "open", "alias", "control"],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "policy.yaml").write_text(text, "utf-8")
    with pytest.raises(files.BadFile) as refused:
        files.read("policy.yaml", tmp_path)
    assert str(tmp_path / "policy.yaml") in str(refused.value)
    assert told in str(refused.value)


def test_no_file_and_no_text_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe4\n")
    with pytest.raises(files.BadFile, match="there is no such file"):
        files.read("nothing.yaml", tmp_path)
    with pytest.raises(files.BadFile, match="can't decode"):
        files.read("latin.yaml", tmp_path)
