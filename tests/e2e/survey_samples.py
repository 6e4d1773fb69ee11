"""The pages of surveys, the candidate's and the console's, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from bot.surveys.results import Rate
from bot.surveys.shape import Given
from bot.web import results_views, survey_form
from bot.web import survey_views as shapes
from bot.web.exporting import Purpose
from tests.builders import a_rulebook
from tests.e2e.entry_samples import OUTSIDE
from tests.e2e.record_samples import HEAD
from tests.e2e.samples import CHAT_URL
from tests.e2e.sampling import EVIL, NOW, Sample, qr, shell

SURVEY = a_rulebook().surveys["motivation"]
ANSWERS = {
    "reasons": Given(value=["growth", "pay"], text="发展 > 薪资"),
    "others": Given(value="offer", text="已经有 offer"),
}
PAGE = shapes.SurveyPage(
    base="/f/t",
    kind="open",
    title=SURVEY.title,
    intro=SURVEY.intro.strip(),
    who="欧阳*",
    fields=survey_form.fields_of(SURVEY.questions, ANSWERS, {}, told=("pay",)),
    revision=3,
    answered=2,
    expires_at=NOW + timedelta(days=14),
)
FAULTY = replace(
    PAGE,
    fields=survey_form.fields_of(
        SURVEY.questions,
        {},
        {"pay": "看不懂这个金额，请写成例如 18k 或 18000元/月。", "reasons": "同一项选了两次。"},
        {"q-pay": EVIL, "q-plan": EVIL},
    ),
    note="还没有保存：有几题需要看一下，见下面红色的说明。",
    note_bad=True,
)
DONE = shapes.ResponseItem(
    id="iv_1",
    title="入职第一周",
    status="done",
    via="page",
    why="",
    due_on=None,
    by="王敏",
    created_at=NOW - timedelta(days=2),
    opened_at=NOW - timedelta(days=2),
    closed_at=NOW - timedelta(days=1),
    answers=(
        shapes.AnswerItem(
            ask="薪资怎么算、什么时候发，清楚吗？",
            answer="不清楚，或和谈的不一样",
            words="",
            where="chat",
            at=NOW - timedelta(days=2),
            was=("清楚",),
        ),
        shapes.AnswerItem(
            ask="哪天方便聊？", answer="", words="2月30日", where="page", at=NOW - timedelta(days=1)
        ),
        shapes.AnswerItem(ask="还有什么？", answer="", words="", where="page", at=NOW),
    ),
    live=False,
    open=False,
)
OPEN = replace(
    DONE, id="iv_2", title="入职第一个月", why="对方屏蔽了我们，或账号已注销", status="open",
    closed_at=None, answers=(), live=True, open=True, by="",
)  # fmt: skip
PLANNED = replace(OPEN, id="iv_3", status="planned", opened_at=None, due_on=date(2026, 12, 1),
                  open=False, why="对方还没有在这里说过话，平台不允许主动发送")  # fmt: skip
RESPONSES = shapes.ResponsesPage(
    head=replace(HEAD, tab="responses"),
    items=(OPEN, PLANNED, DONE),
    sendable=(("week1", "入职第一周"), ("month1", "入职第一个月")),
    writes=True,
    posts=("mail", "sms"),
    phone="138****0001",
)


SURVEYS = shapes.SurveysPage(
    rows=tuple(
        shapes.SurveyItem(
            id=one.id,
            title=one.title,
            intro=one.intro.strip(),
            origin="file",
            enabled=number != 2,
            start=None
            if number == 1
            else shapes.Moment(
                event="onboarded", days=number, months=number % 2, before=number == 4, at="16:00"
            ),
            questions=tuple((each.ask.strip(), each.kind.value) for each in one.questions),
            changed_at=NOW,
        )
        for number, one in enumerate(a_rulebook().surveys.values())
    ),
    writes=True,
    purposes=tuple(purpose.value for purpose in Purpose),
)


def survey_samples() -> list[Sample]:
    """Every state of both pages."""
    theirs = [
        ("survey", PAGE),
        ("survey-faults", FAULTY),
        ("survey-saved", replace(PAGE, note="已保存。")),
        *(
            (f"survey-{kind}", shapes.SurveyPage(base="/f/t", kind=kind, who="欧阳*"))
            for kind in ("elsewhere", "done", "refused", "closed", "revoked", "expired")
        ),
    ]
    link = shapes.Linked(url=CHAT_URL, qr=qr(CHAT_URL), expires_at=NOW + timedelta(days=14))
    one = results_views.SurveyTab(id="week1", title="入职第一周")
    group = results_views.Group(name="支付", people=10, mean=3.4, most="")
    asked = results_views.QuestionResult(
        ask="和团队相处几分？",
        kind="scale",
        people=10,
        mean=3.4,
        bars=(results_views.Bar(label="4", people=10, percent=100),),
        places=(group, replace(group, name=EVIL, within=True)),
        months=(replace(group, name="2026-11"),),
        hidden=True,
        words=(results_views.Words(candidate_id="c_1", name=EVIL, text=EVIL),),
    )
    results = [
        (
            "results",
            results_views.ResultsPage(
                surveys=(one, replace(one, id="day3", title=EVIL)),
                survey=one,
                least=5,
                rate=Rate(asked=10, finished=10),
                questions=(asked, replace(asked, people=None, words=())),
                reads=True,
            ),
        ),
        ("results-few", results_views.ResultsPage(surveys=(one,), survey=one, least=5)),
        ("results-empty", results_views.ResultsPage(surveys=(), survey=None, least=5)),
    ]
    evil = replace(DONE, title=EVIL, answers=(replace(DONE.answers[0], ask=EVIL, answer=EVIL),))
    console = [
        ("responses", RESPONSES),
        ("responses-link", replace(RESPONSES, link=link)),
        ("responses-empty", replace(RESPONSES, items=(), writes=False)),
        ("responses-fault", replace(RESPONSES, errors={"survey": "请选择一份问卷。"})),
        ("responses-evil", replace(RESPONSES, items=(evil,))),
    ]
    listed = [
        ("surveys", SURVEYS),
        (
            "surveys-refused",
            replace(
                SURVEYS,
                rows=SURVEYS.rows[:1],
                faults=(
                    ("第 7 行，questions[2].ask", "不能问婚育（《妇女权益保障法》第 43 条）"),
                    ("第 3 行，工作表 survey「type」列", "不支持这种题型"),
                    ("", EVIL),
                    ("questions[0].alerts[0].topic" * 5, EVIL),
                ),
                more_faults=12,
            ),
        ),
        ("surveys-empty", replace(SURVEYS, rows=())),
        ("surveys-evil", replace(SURVEYS, rows=(replace(SURVEYS.rows[0], title=EVIL),))),
    ]
    return (
        [
            Sample(
                name=name,
                template="console/surveys.html",
                context={"shell": shell("surveys"), "page": page},
            )
            for name, page in listed
        ]
        + [
            Sample(
                name=name,
                template="console/results.html",
                context={"shell": shell("candidates"), "page": page},
            )
            for name, page in results
        ]
        + [
            Sample(name=name, template="survey.html", context={"shell": OUTSIDE, "page": page})
            for name, page in theirs
        ]
        + [
            Sample(
                name=name,
                template="console/responses.html",
                context={"shell": shell("candidates"), "page": page},
            )
            for name, page in console
        ]
    )
