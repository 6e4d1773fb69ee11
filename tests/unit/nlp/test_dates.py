"""Days as people name them, seen from Tuesday 24 November 2026 in Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.dates import dates
from nlp.normalize import normalize
from tests.unit.nlp.utterances import NOW


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("周五前", date(2026, 11, 27)),
        ("周一", date(2026, 11, 30)),
        ("这周日之前", date(2026, 11, 29)),
        ("下周三之前", date(2026, 12, 2)),
        ("下下周一", date(2026, 12, 7)),
        ("星期天", date(2026, 11, 29)),
        ("今天", date(2026, 11, 24)),
        ("明天", date(2026, 11, 25)),
        ("后天", date(2026, 11, 26)),
        ("大后天", date(2026, 11, 27)),
        ("3号", date(2026, 12, 3)),
        ("24号", date(2026, 11, 24)),
        ("十五号", date(2026, 12, 15)),
        ("31号", date(2026, 12, 31)),
        ("下月3号", date(2026, 12, 3)),
        ("下个月十号", date(2026, 12, 10)),
        ("12月1日", date(2026, 12, 1)),
        ("1月4号", date(2027, 1, 4)),
        ("2027年2月1日", date(2027, 2, 1)),
        ("12/7号", date(2026, 12, 7)),
        ("月底前", date(2026, 11, 30)),
        ("下月底", date(2026, 12, 31)),
        ("12月底", date(2026, 12, 31)),
        ("年底", date(2026, 12, 31)),
        ("元旦", date(2027, 1, 1)),
        ("三天内", date(2026, 11, 27)),
        ("两周后", date(2026, 12, 8)),
        ("本周内", date(2026, 11, 29)),
        ("下周", date(2026, 12, 6)),
        ("tomorrow", date(2026, 11, 25)),
        ("by Friday", date(2026, 11, 27)),
        ("Dec 7", date(2026, 12, 7)),
    ],
)
def test_a_day_is_resolved(text: str, day: date) -> None:
    assert [found.day for found in dates(normalize(text).text, NOW)] == [day]


@pytest.mark.parametrize(
    "text",
    ["年后", "过几天", "1.8w", "3号楼", "2月30号", "13月1日", "四折", "周末班车站"[:1], "下班"],
)
def test_what_the_calendar_does_not_settle_stays_unread(text: str) -> None:
    assert dates(normalize(text).text, NOW) == []


def test_today_is_today_in_shanghai() -> None:
    late = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)  # already the 25th there
    assert dates("明天", late)[0].day == date(2026, 11, 26)


@given(st.text(alphabet="0123456789一二三十月日号周下本天前底年/.-今明后", max_size=24))
def test_days_lie_inside_the_text_and_do_not_overlap(text: str) -> None:
    end = 0
    for found in dates(text, NOW):
        assert end <= found.start < found.end <= len(text)
        end = found.end
