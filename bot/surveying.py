"""A survey's file in, the survey out: what ``yinuo survey`` and an upload have in common."""

from __future__ import annotations

import asyncio
from pathlib import PurePath

from bot.resume.document import Unreadable
from bot.sheets import opening
from bot.surveys import lined, xlsform
from bot.surveys.definition import Guard, Vocabulary, parse
from bot.surveys.problems import Problem, SurveyInvalid
from bot.surveys.shape import Survey

#: A survey is a page or two; larger files are something else.
MOST_BYTES = 1024 * 1024
TOO_LARGE = Problem(0, "", f"文件超过 {MOST_BYTES // 1024**2} MB")
_XLSX = b"PK\x03\x04"


async def survey_of(data: bytes, name: str, guard: Guard, vocabulary: Vocabulary) -> Survey:
    """The survey of a YAML, JSON or XLSX file; ``name`` is the file's, whose stem is the id where
    the file gives none. What may not be asked and what nobody knows is refused as at the start.
    Workbooks are opened by a confined child; a long text does not hold up whoever else asks.
    Raises ``SurveyInvalid``.
    """
    if len(data) > MOST_BYTES:
        raise SurveyInvalid([TOO_LARGE])
    if data.startswith(_XLSX):
        try:
            book = await opening.opened(data)
        except Unreadable as error:
            raise SurveyInvalid([Problem(0, "", str(error))]) from error
        id_ = PurePath(name).stem
        return await asyncio.to_thread(
            xlsform.read, book, id_=id_, guard=guard, vocabulary=vocabulary
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SurveyInvalid([Problem(0, "", "不是 UTF-8 文本，也不是 .xlsx")]) from error
    return await asyncio.to_thread(_of_text, text, PurePath(name).stem, guard, vocabulary)


def _of_text(text: str, stem: str, guard: Guard, vocabulary: Vocabulary) -> Survey:
    raw, lines = lined.read(text)
    own = isinstance(raw, dict) and "id" in raw
    return parse(raw, lines, id_="" if own else stem, guard=guard, vocabulary=vocabulary)
