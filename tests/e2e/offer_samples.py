"""The pages of offers and cards, the console's and the candidate's, in every state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from bot.web import offer_views as shapes
from tests.e2e.entry_samples import OUTSIDE
from tests.e2e.samples import CHAT_URL
from tests.e2e.sampling import EVIL, NOW, Sample, qr, shell

LINES = (
    ("固定薪资", "18,000 元/月（税前） × 13 个月"),
    ("绩效奖", "每季 12,000 元，条件：季度考核达到 B"),
    ("职级", "P6"),
    ("工作地点", "杭州"),
    ("入职日期", "2026-12-15"),
    ("合同期限", "36 个月"),
    ("试用期", "6 个月，期间 14,400 元/月（税前）"),
    ("另行约定", "电脑自选；每周三可以在家办公"),
)
POINTS = (
    shapes.Point(what="宿舍能不能提前一周入住", who="company", by=date(2026, 11, 20), late=True),
    shapes.Point(what="离职证明原件", who="candidate", by=date(2026, 12, 10), late=False),
)
CARD = shapes.Card(
    id="l_1",
    number=2,
    lines=LINES,
    points=POINTS,
    created_at=NOW - timedelta(days=2),
    ours_at=NOW - timedelta(days=2),
    ours_by="王敏",
    theirs_at=None,
    stands=True,
)
WISH = shapes.Wish(
    id="q_1",
    side="candidate",
    state="open",
    what="试用期能不能改成三个月？\n上一家也是三个月。",
    answer="",
    source="page",
    asked_at=NOW - timedelta(hours=3),
    settled_at=None,
    settled_by="",
)
ANSWERED = replace(
    WISH,
    id="q_2",
    state="refused",
    what="希望月薪涨到20k",
    answer="预算已经到上限，签字费可以谈。",
    source="message",
    settled_at=NOW - timedelta(hours=1),
    settled_by="王敏",
)
DRAFT = shapes.Version(
    id="o_2",
    number=2,
    state="draft",
    lines=LINES,
    yearly=282_000,
    monthly=23_500,
    created_at=NOW - timedelta(hours=5),
    created_by="王敏",
    sent_at=None,
    answer_by=None,
    settled_at=None,
    reason="同级别只剩这一个人选",
    changes=(
        ("固定薪资", "17,000 元/月（税前） × 13 个月", "18,000 元/月（税前） × 13 个月"),
        ("签字费", "一次性 10,000 元，条件：入职满月", ""),
        ("职级", "", "P6"),
    ),
    objections=(
        shapes.Objection(says="固定 18,000 元高于职位预算 17,000 元", article="", stops=False),
    ),
)
REPLACED = replace(
    DRAFT,
    id="o_1",
    number=1,
    state="replaced",
    reason="",
    changes=(),
    objections=(),
    sent_at=NOW - timedelta(days=3),
    answer_by=date(2026, 11, 28),
    settled_at=NOW - timedelta(hours=5),
)
STOPPED = shapes.Objection(
    says="合同 12 个月，试用期至多 2 个月，这里写了 6 个月",
    article="《劳动合同法》第十九条",
    stops=True,
)
FORM = shapes.OfferForm(
    values={"base": "18,000", "months": "13", "probation_months": "6", "name_0": "绩效奖"},
    errors={"base": "请填写数字。", "when_0": "请写明达成什么条件才发。", "notes": "太长了。"},
    objections=(STOPPED, *DRAFT.objections),
    checked=True,
    yearly=282_000,
    monthly=23_500,
    open=True,
)
OFFERS = shapes.OffersPage(
    id="c1",
    name="张三丰",
    position="后端工程师",
    budget="17,000",
    versions=(DRAFT, REPLACED),
    form=shapes.OfferForm(values=FORM.values),
    card=CARD,
    older=(replace(CARD, id="l_0", number=1, points=(), stands=False),),
    wishes=(WISH, ANSWERED),
)
SENT = replace(OFFERS, versions=(replace(DRAFT, state="sent", objections=()), REPLACED))
PLEDGE = shapes.PledgePage(
    base="/f/" + CHAT_URL.rpartition("/")[2],
    kind="open",
    name="张三丰",
    position="后端工程师",
    card=CARD,
    answer_by=date(2026, 11, 28),
    expires_at=NOW + timedelta(days=12),
    wishes=(WISH, ANSWERED),
    contract_days=30,
    once="o" * 22,
)


def offer_samples() -> list[Sample]:
    """Pages of the console, then the candidate's."""
    link = shapes.Link(url=CHAT_URL, qr=qr(CHAT_URL), expires_at=NOW + timedelta(days=14))
    evil = replace(
        OFFERS,
        name=EVIL,
        versions=(replace(DRAFT, lines=((EVIL, EVIL),), changes=((EVIL, EVIL, EVIL),)),),
        wishes=(replace(ANSWERED, what=EVIL, answer=EVIL),),
    )
    wrong = {"by_0": "请选择今天或以后的日期。", "what": "请写下要改什么。"}
    console = [
        ("offers", OFFERS),
        ("offers-sent", SENT),
        ("offers-form", replace(OFFERS, form=FORM, errors=wrong)),
        ("offers-link", replace(SENT, link=link)),
        ("offers-empty", replace(OFFERS, versions=(), card=None, older=(), wishes=(), form=FORM)),
        ("offers-evil", evil),
        ("offers-unconfirmed", replace(OFFERS, card=replace(CARD, ours_at=None, ours_by=""))),
    ]
    confirmed = replace(CARD, theirs_at=NOW - timedelta(minutes=1))
    theirs = [
        ("pledge", PLEDGE),
        ("pledge-done", replace(PLEDGE, kind="done", card=confirmed, note="已记下您的确认。")),
        ("pledge-refused", replace(
            PLEDGE, note="没有提交：请写下想改什么。", note_bad=True, draft=EVIL)),
        ("pledge-bare", replace(PLEDGE, card=replace(CARD, points=()), wishes=(), answer_by=None)),
        ("pledge-revoked", shapes.PledgePage(base="/f/t", kind="revoked")),
        ("pledge-expired", shapes.PledgePage(base="/f/t", kind="expired")),
    ]  # fmt: skip
    outer = shell("candidates")
    return [
        Sample(name=name, template="console/offers.html", context={"shell": outer, "page": page})
        for name, page in console
    ] + [
        Sample(name=name, template="pledge.html", context={"shell": OUTSIDE, "page": page})
        for name, page in theirs
    ]
