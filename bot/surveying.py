"""A survey's file in, the survey out: what ``yinuo survey`` and an upload have in common."""

from __future__ import annotations

from pathlib import PurePath

from bot.resume.document import Unreadable
from bot.sheets import opening
from bot.surveys import lined, xlsform
from bot.surveys.definition import Guard, load
from bot.surveys.problems import Problem, SurveyInvalid
from bot.surveys.shape import Survey

#: A survey is a page or two; larger files are something else.
MOST_BYTES = 1024 * 1024
_XLSX = b"PK\x03\x04"


async def survey_of(data: bytes, name: str, guard: Guard) -> Survey:
    """The survey of a YAML, JSON or XLSX file; ``name`` is the file's, whose stem is the id where
    the file gives none. Workbooks are opened by a confined child. Raises ``SurveyInvalid``.
    """
    if len(data) > MOST_BYTES:
        raise SurveyInvalid([Problem(0, "", f"文件超过 {MOST_BYTES // 1024**2} MB")])
    if data.startswith(_XLSX):
        try:
            book = await opening.opened(data)
        except Unreadable as error:
            raise SurveyInvalid([Problem(0, "", str(error))]) from error
        return xlsform.read(book, id_=PurePath(name).stem, guard=guard)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SurveyInvalid([Problem(0, "", "不是 UTF-8 文本，也不是 .xlsx")]) from error
    raw, _ = lined.read(text)
    own = isinstance(raw, dict) and "id" in raw
    return load(text, id_="" if own else PurePath(name).stem, guard=guard)
