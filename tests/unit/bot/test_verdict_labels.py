"""What labels people leave a reading with, whatever they said and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.web.verdicts import labels_of
from storage.enums import Review, Verdict
from storage.queries.review import Labels
from storage.queries.verdicts import Judged

READ = Labels(intents=("salary",), commitment=-2, reported=False, condition="hard")
MENDED = Labels(intents=("terms",), commitment=1, reported=False, condition="soft")
JUDGED = Judged(
    id="m_1",
    candidate_id="c_1",
    candidate_name="张三",
    conversation_id="v_1",
    covers=("m_1",),
    stage="offer",
    stage_now="offer",
    alert=True,
    read=READ,
    corrected=None,
    review=None,
    verdict=None,
)


def judged(**changes: object) -> tuple[int, str, bool] | None:
    found = labels_of(replace(JUDGED, **changes))  # type: ignore[arg-type]
    return None if found is None else (found[0].commitment, found[0].condition, found[1])


@pytest.mark.parametrize("commitment", [-3, -1, 0, 2])
def test_a_false_alarm_doubts_nothing(commitment: int) -> None:
    read = replace(READ, commitment=commitment)
    expected = (max(0, commitment), "none", False)
    assert judged(read=read, verdict=Verdict.FALSE_ALARM) == expected
    assert judged(read=read, review=Review.HARMLESS) == expected


def test_a_soft_condition_is_no_alarm_and_stays() -> None:
    read = replace(READ, condition="soft")
    assert judged(read=read, verdict=Verdict.FALSE_ALARM) == (0, "soft", False)


def test_what_was_useful_was_read_well() -> None:
    assert judged(verdict=Verdict.USEFUL) == (-2, "hard", True)


@pytest.mark.parametrize(("read", "left"), [(1, -1), (0, -1), (-2, -2)])
def test_what_was_followed_up_hesitates_at_least(read: int, left: int) -> None:
    labels = replace(READ, commitment=read, condition="none")
    assert judged(read=labels, review=Review.FOLLOW_UP) == (left, "none", True)


def test_an_alert_somebody_raised_may_still_be_false() -> None:
    both = {"review": Review.FOLLOW_UP, "verdict": Verdict.FALSE_ALARM}
    assert judged(**both) == (0, "none", False)


@pytest.mark.parametrize("verdict", [None, Verdict.USEFUL, Verdict.FALSE_ALARM])
@pytest.mark.parametrize("review", [None, *Review])
def test_corrected_labels_win_over_everything(
    review: Review | None, verdict: Verdict | None
) -> None:
    assert judged(corrected=MENDED, review=review, verdict=verdict) == (1, "soft", False)


def test_corrected_labels_alarm_by_the_scheme() -> None:
    hard = replace(MENDED, condition="hard")
    assert judged(corrected=hard, verdict=Verdict.FALSE_ALARM) == (1, "hard", True)


def test_who_said_nothing_that_tells_labels_nothing() -> None:
    assert judged() is None
    assert judged(verdict=Verdict.HANDLED) is None
