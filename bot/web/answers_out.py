"""Answers to a survey as a spreadsheet: a row a response, and a code book of what was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from bot.casework import Ground
from bot.errors import BotError
from bot.sheets import writing
from bot.sheets.definition import Column, Table
from bot.sheets.positions import called
from bot.sheets.tables import Row
from bot.surveys import putting
from bot.surveys.definition import parse
from bot.surveys.shape import Survey
from bot.surveys.understanding import shown
from bot.web.exporting import Exported, Format, TooMany, Wanted, mark_of
from bot.web.importing import all_positions
from bot.words import SHANGHAI
from storage.database import Tx
from storage.queries import people, survey_results, surveys
from storage.queries.survey_results import Response
from storage.viewer import Viewer

_BEFORE = ("候选人", "职位", "状态", "发出", "结束", "版本")
_CODE_BOOK = ("题目 id", "问了什么", "题型", "选项", "版本")
_EDITION = 8  # digits of a digest that tell editions apart
Labelled = Callable[[str, str], str]


class Unnamed(BotError):
    """Answers that were promised to stay without names."""


def answers(
    tx: Tx, ground: Ground, viewer: Viewer, survey_id: str, wanted: Wanted, label: Labelled
) -> Exported:
    """The responses of people the viewer may know of; ``label`` names a status and a kind.

    A workbook has a code book beside them. Writes nothing: the caller adds the audit link before
    the file leaves. Raises ``NotFound``, ``TooMany``, and ``Unnamed`` where one edition asks
    without names.
    """
    row = surveys.survey(tx, survey_id)
    most = wanted.most or 0
    found = survey_results.responses(tx, ground.vault, viewer, survey_id, limit=most + 1)
    if len(found) > most:
        raise TooMany
    digests = dict.fromkeys([row.digest, *reversed([one.digest for one in found])])
    kept = survey_results.editions(tx, digests)
    editions = {digest: parse(kept[digest]) for digest in digests}
    if not all(one.named for one in editions.values()):
        raise Unnamed
    ids = list(dict.fromkeys(one.id for survey in editions.values() for one in survey.questions))
    ids_of_people = {one.candidate_id for one in found}
    who = {one.id: one for one in people.among(tx, ground.vault, viewer, ids=ids_of_people)}
    places = {one.id: called(one) for one in all_positions(tx, viewer)}
    rows = [
        (
            who[one.candidate_id].name,
            places.get(who[one.candidate_id].position_id or "", ""),
            label("response.status", one.status.value),
            _at(one.opened_at),
            _at(one.closed_at),
            one.digest[:_EDITION],
            *_cells(one, editions[one.digest], ids),
        )
        for one in found
    ]
    mark = mark_of(viewer, tx.now, wanted.purpose)
    table = _table((*_BEFORE, *ids))
    if wanted.format is Format.CSV:
        data = writing.csv_file(table, rows, mark=mark)
    else:
        book = list(_code_book(editions, label))
        sheets = [("回答", table, rows), ("题目", _table(_CODE_BOOK), book)]
        data = writing.workbook(sheets, mark=("导出信息", mark))
    return Exported(data=data, count=len(rows))


def _cells(one: Response, survey: Survey, ids: Sequence[str]) -> list[str]:
    questions = {question.id: question for question in survey.questions}
    given = putting.given(one.answers)
    return [
        shown(questions[name], given[name]) if name in questions and name in given else ""
        for name in ids
    ]


def _code_book(editions: Mapping[str, Survey], label: Labelled) -> Iterable[Row]:
    """What was asked, by question, the newest edition first."""
    for digest, survey in editions.items():
        for one in survey.questions:
            options = "；".join(f"{each.value}={each.label}" for each in one.options)
            kind = label("surveys.kind", one.kind.value)
            yield one.id, one.ask.strip(), kind, options, digest[:_EDITION]


def _table(heads: Iterable[str]) -> Table:
    return Table(columns=tuple(Column(key=one, label=one, names=frozenset()) for one in heads))


def _at(moment: datetime | None) -> str:
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if moment is not None else ""
