"""The page of unclear readings, and the form that corrects labels, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.web import review_views as shapes
from bot.web import views
from tests.e2e.samples import SALARY
from tests.e2e.sampling import NOW, Sample, shell, words

READ = shapes.Labels(
    intents=("consider", "salary"), commitment=-1, reported=False, condition="none"
)
DOUBT = shapes.ReviewCard(
    id="m1",
    candidate_id="c1",
    candidate_name="张三丰",
    position="后端工程师",
    stage="accepted",
    quote=words("嗯嗯，[薪资那块你们内部再看看吧|salary]\n我这边[先这样|consider]"),
    said_at=NOW - timedelta(minutes=12),
    leans=READ,
    labels=READ,
    turns=(
        views.Turn(author="hr", text="三丰，薪资结构我又核了一遍，固定 20k 不变。"),
        views.Turn(author="candidate", text="好的我看下"),
    ),
)
PLAIN = shapes.ReviewCard(
    id="m2",
    candidate_id="c2",
    candidate_name="欧阳雪",
    position="",
    stage="offer",
    quote=words("我同事说你们那边最近在调整，让我问清楚了再定，不然就别急着提离职。"),
    said_at=NOW - timedelta(hours=3),
    leans=shapes.Labels(intents=("company_doubt",), commitment=0, reported=True, condition="hard"),
    labels=shapes.Labels(intents=("company_doubt",), commitment=0, reported=True, condition="hard"),
)
MENDED = replace(READ, intents=("salary",), commitment=0, by="王敏", at=NOW - timedelta(minutes=1))


def _answered(value: str, **changes: object) -> shapes.ReviewCard:
    answer = shapes.GivenAnswer(
        value=value,  # type: ignore[arg-type] # one of the literals, by every caller
        by="王敏",
        at=NOW - timedelta(minutes=2),
    )
    return replace(DOUBT, id=f"m-{value}", answer=answer, **changes)  # type: ignore[arg-type]


DONE = (
    _answered("harmless"),
    _answered("follow_up"),
    _answered("labelled", labels=MENDED),
)
REFUSED = replace(DOUBT, labels=replace(READ, intents=(), error="请至少选一项“在说什么”。"))
LABELLED_ALERT = replace(SALARY, id="a7", raised_by="王敏", labels=MENDED)


def review_samples() -> list[Sample]:
    """Whole pages."""
    outer = shell("review", unclear=2)
    pages = [
        ("review", shapes.ReviewPage(
            show="open", cards=(DOUBT, PLAIN), counts={"open": 2},
            next_url="/console/review?cursor=abc")),
        ("review-form", shapes.ReviewPage(show="open", cards=(REFUSED,), counts={"open": 2})),
        ("review-done", shapes.ReviewPage(show="done", cards=DONE, counts={"open": 2})),
        ("review-empty", shapes.ReviewPage(show="open", cards=(), counts={"open": 0})),
        ("review-done-empty", shapes.ReviewPage(show="done", cards=(), counts={"open": 0})),
    ]  # fmt: skip
    inbox = views.AlertsPage(show="open", cards=(LABELLED_ALERT,), counts={"open": 1, "mine": 1})
    return [
        Sample(name=name, template="console/review.html", context={"shell": outer, "page": page})
        for name, page in pages
    ] + [
        Sample(
            name="alerts-labels",
            template="console/alerts.html",
            context={"shell": shell("alerts", unclear=2), "page": inbox},
        )
    ]


def all_samples() -> list[Sample]:
    """Pages, and the pieces that answer htmx requests."""
    page = shapes.ReviewPage(show="open", cards=(DOUBT,))
    pieces: list[tuple[str, dict[str, object]]] = [
        ("_review_list", {"page": page}),
        ("_review_card", {"card": DONE[2]}),
    ]
    return review_samples() + [
        Sample(name=name, template=f"console/{name}.html", context={"shell": shell(), **rest})
        for name, rest in pieces
    ]
