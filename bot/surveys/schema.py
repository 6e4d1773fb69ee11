"""The JSON Schema of a survey's file, for editors and designers: ``survey.schema.json``.

Made of the very types that files are parsed with; a test holds the file to them. What hangs on
several questions at once (ids that come twice, conditions, the count) only the parser can tell.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from bot.surveys.short_form import ShortForm
from bot.surveys.surveyjs import SurveyJs

FILE = Path(__file__).with_name("survey.schema.json")


def schema() -> dict[str, Any]:
    """The schema, of JSON Schema's draft 2020-12."""
    refs, whole = models_json_schema([(ShortForm, "validation"), (SurveyJs, "validation")])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "一诺问卷",
        "anyOf": [refs[ShortForm, "validation"], refs[SurveyJs, "validation"]],
        "$defs": whole["$defs"],
    }


def text() -> str:
    """The file's content; ``python -m bot.surveys.schema`` prints it."""
    return json.dumps(schema(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    print(text(), end="")  # noqa: T201
