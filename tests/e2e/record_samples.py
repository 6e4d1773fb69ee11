"""The pages of one candidate's record, in every state worth looking at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from bot.web import portrait_views as portrait
from bot.web import record_views as shapes
from bot.web import views
from bot.web.console.portrait import TABS
from storage.enums import StepKind
from tests.e2e import desk_samples as desk
from tests.e2e.sampling import Sample, ago, shell, words

HEAD = shapes.Head(
    id="c1", name="张三丰", position="后端工程师", stage="offer", level="critical", score=86,
    tab="record", tabs=tuple(TABS),
)  # fmt: skip
BY_HR = shapes.Source(kind="form", by="王敏")
BY_RESUME = shapes.Source(kind="resume")
TAGS = tuple(
    views.Choice(value=key, text=text)
    for key, text in (("pay", "薪资"), ("growth", "发展"), ("team", "上级或团队"))
)


def field(kind: str, label: str, item: str = "", **more: object) -> shapes.Field:
    made = shapes.Field(
        name=f"f:{kind}", id=f"f-{item or 'one'}-{kind.replace('.', '-')}", label=label, hint="text"
    )
    return replace(made, **more)  # type: ignore[arg-type] # fields of it, by every caller


def said(kind: str, label: str, value: str, item: str = "", **more: object) -> shapes.Said:
    made = shapes.Said(
        id=f"f_{item}{kind.replace('.', '')}", item=item, label=label, value=value,
        source=BY_RESUME, at=ago(days=6), field=field(kind, label, item, value=value),
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type] # fields of it, by every caller


def old(value: str) -> shapes.OldValue:
    return shapes.OldValue(value=value, source=BY_RESUME, at=ago(days=20), until=ago(days=6))


JOBS = (
    shapes.Job(
        item="j1", company="杭州星河科技有限公司", title="后端工程师", period="2025-05 – 至今",
        months=18, pay="15,000 元/月 → 17,000 元/月 × 13", reason="", performance="良好",
        said=(
            said("job.company", "公司", "杭州星河科技有限公司", "j1", verified_by="王敏",
                 verified_at=ago(days=2)),
            said("job.from", "入职年月", "2025-05", "j1"),
            said("job.pay", "离职前薪资", "17,000 元/月 × 13", "j1", found="流水显示月均 14,200 元",
                 verified_by="李磊", verified_at=ago(days=1), source=BY_HR,
                 old=(old("16,000 元/月"),)),
        ),
        blanks=(
            field("job.left_tag", "离职原因", "j1", choices=TAGS),
            field("job.conduct", "行为记录", "j1", long=True),
        ),
        open=True,
    ),
    shapes.Job(
        item="j2", company="云帆网络", title="服务端开发", period="2024-08 – 2025-04", months=8,
        pay="9,500 元/月 → 13,000 元/月", reason="薪资", performance="一般",
        said=(said("job.company", "公司", "云帆网络", "j2"),),
        doubts=("离职（2025-04）早于入职（2025-08），哪一个对？",),
    ),
)  # fmt: skip
GROUPS = (
    shapes.Group(
        name="expect", label="期望",
        said=(
            said("expect.pay", "期望薪资", "23,000 元/月", old=(old("20,000 元/月"),)),
            said("expect.plan", "职业规划", "两年内做到支付核心的技术负责人，带三到五人的小组。",
                 source=shapes.Source(kind="survey")),
        ),
        blanks=(
            field("expect.values", "看重什么", several=True, choices=TAGS, chosen=("growth",)),
            field("expect.start", "最早到岗", hint="date"),
        ),
    ),
    shapes.Group(
        name="own", label="其他", said=(), blanks=(field("own.skills", "技能", long=True),)
    ),
)  # fmt: skip
DOCUMENTS = (
    shapes.Document(id="t1", name="张三丰-简历-2026年11月（最新版）.pdf", size=1_360_000,
        at=ago(days=6), kept=True, readable=True),
    shapes.Document(id="t2", name="体检预约单.jpg", size=0, at=ago(days=1), kept=False,
        readable=False),
)  # fmt: skip
NEW_JOB = (
    field("job.company", "公司", "new"),
    field("job.from", "入职年月", "new", hint="month", value="去年", error="请写成 2023-05"),
    field("job.left_tag", "离职原因", "new", choices=TAGS),
    field("job.left_because", "离职原因（原话）", "new", long=True),
)
RECORD = shapes.RecordPage(
    head=HEAD, jobs=JOBS, groups=GROUPS, documents=DOCUMENTS, new_job=NEW_JOB, doubted=1,
    gone=(shapes.Gone(label="期望地点", old=old("上海")),),
    doubts=("两段工作重叠了 3 个月，是兼职还是写错？",),
)  # fmt: skip


def read_only(one: shapes.Said) -> shapes.Said:
    return replace(one, field=None, found="")


SHARED = replace(
    RECORD,
    head=replace(HEAD, tabs=("record",)),
    jobs=tuple(
        replace(job, said=tuple(map(read_only, job.said[:2])), blanks=(), pay="", reason="")
        for job in JOBS
    ),
    groups=(replace(GROUPS[0], said=tuple(map(read_only, GROUPS[0].said[1:])), blanks=()),),
    documents=(), new_job=(), gone=(), doubted=0, hidden=True,
)  # fmt: skip
STEPS = shapes.Steps(
    open=(
        shapes.OpenStep(id="st1", kind="resignation", words="", due_on=date(2026, 11, 21), late=3,
            source=BY_HR, at=ago(days=9)),
        shapes.OpenStep(id="st2", kind="medical", words="", due_on=date(2026, 11, 27), late=0,
            source=BY_HR, at=ago(days=4)),
        shapes.OpenStep(id="st3", kind="other", words="把上一家的电脑寄回去，并把快递单号发给我们",
            due_on=date(2026, 12, 4), late=0, source=BY_HR, at=ago(days=1)),
    ),
    closed=(
        shapes.ClosedStep(kind="family", words="", due_on=date(2026, 11, 20), on=date(2026, 11, 19),
            dropped=False, reason="", by="王敏", at=ago(days=4)),
        shapes.ClosedStep(kind="check", words="", due_on=date(2026, 11, 18), on=None, dropped=True,
            reason="这个职位不做背调", by="李磊", at=ago(days=8)),
    ),
    kinds=tuple(StepKind), token="n_1", today=date(2026, 11, 24),
)  # fmt: skip
STEPS_WRONG = replace(
    STEPS,
    open=(
        replace(STEPS.open[0], tried="dropped", values={"reason": ""},
            errors={"reason": "请用一行写明为什么不做了（最多 300 字）。"}),
    ),
    closed=(), values={"kind": "other", "due_on": "2026-01-01", "token": "n_1"},
    errors={"due_on": "请选择今天或以后的日期。", "words": "请用一行写明是什么事（最多 60 字）。"},
)  # fmt: skip
EMPTY = shapes.RecordPage(
    head=replace(HEAD, level="low", score=0, position=""), jobs=(),
    groups=tuple(replace(group, said=()) for group in GROUPS), new_job=NEW_JOB, new_open=True,
)  # fmt: skip

MATCH = portrait.MatchPage(
    head=replace(HEAD, tab="match"), score=58, band="low", confidence=90, warn=60, good=80,
    parts=(
        portrait.MatchPart(name="薪资", score=26, share=35, case="over",
            says="期望超出预算 37%（差 5,700 元/月）：谈固定加绩效的结构，写清达成条件"),
        portrait.MatchPart(name="看重的东西", score=67, share=15, case="near",
            says="这里给不足的：稳定。请如实说明能给到什么程度"),
        portrait.MatchPart(name="职业规划", score=71, share=25, case="near",
            says="规划与岗位部分一致：说明这个岗位两年后的路。规划：「写了八年代码，想开始带团队，学学怎么招人、"
            "怎么分活」；岗位：「订单和支付服务的开发，接口性能优化，参与代码评审；走技术序列：高级工程师、架构师」"),
        portrait.MatchPart(name="地点", score=100, share=15, case="fits", says="地点一致"),
    ),
    missing=(
        portrait.MissingPart(name="到岗时间", share=10, lacks="start_candidate"),
    ),
    has_position=True, position_id="p1", wanted=("成长", "稳定", "团队氛围"),
    offered=("成长", "团队氛围", "专业精进"),
)  # fmt: skip
NO_MATCH = replace(
    MATCH, wanted=(), offered=(), position_id="",
    score=None, band="none", confidence=0, parts=(), has_position=False,
    missing=(
        *MATCH.missing,
        portrait.MissingPart(name="职业规划", share=25, lacks="plan_role"),
        portrait.MissingPart(name="薪资", share=35, lacks="pay_role"),
    ),
)  # fmt: skip
RISK = portrait.RiskPage(
    head=replace(HEAD, tab="risk", level="medium", score=30),
    factors=(
        portrait.Factor(
            reason="期望明显高于过去薪资和预算，而绩效并不突出（过度预期）", adds=25, points=24.2,
            left=97, at=ago(days=6), fades_on=date(2027, 5, 17),
            ask="先谈总包结构和定级依据，请候选人说明这个数字从哪里来",
            measured=("期望 23k，上一份 17k，高 35%", "期望 23k，预算 16k-18k，高 28%"),
            statements=(
                portrait.Statement(label="离职前薪资", value="17,000 元/月", source=BY_RESUME,
                    at=ago(days=6), stands=False, entry="云帆网络"),
                portrait.Statement(label="期望薪资", value="23,000 元/月", source=BY_HR,
                    at=ago(days=6), stands=True),
            ),
        ),
        portrait.Factor(
            reason="薪资上还在要求更多", adds=20, points=18.1, left=90, at=ago(days=2),
            fades_on=date(2026, 12, 13), again=2,
            quotes=(portrait.Quote(uid="m_1", at=ago(days=2), words=words(
                "整体都挺好的，就是[薪资这块能不能再谈谈，少于 28k 我确实没法接|salary]。")),),
        ),
        portrait.Factor(reason="已为入职付出行动（离职、签约、推掉别家）", adds=-25, points=-12.5,
            left=50, at=ago(days=30), fades_on=date(2026, 12, 24)),
    ),
    past=(
        portrait.Past(reason="离职通知期超过一个月", adds=10, at=ago(days=20), why="ended",
            ended_at=ago(days=3)),
        portrait.Past(reason="对去留表示犹豫", adds=15, at=ago(days=40), why="faded",
            ended_at=ago(days=26)),
    ),
    total=29.8,
    course=portrait.Course(line="0.0,100 100.0,85 200.0,60 300.0,62 400.0,40 500.0,62 600.0,70",
        days=(date(2026, 10, 1), date(2026, 11, 24)), highest=60, highest_on=date(2026, 11, 6)),
    thresholds=(("medium", 30), ("high", 60), ("critical", 80)),
)  # fmt: skip
CALM = replace(
    RISK, head=replace(HEAD, tab="risk", level="low", score=0), factors=(), past=(), total=0,
    course=None,
)  # fmt: skip

OUTCOME = portrait.OutcomePage(
    head=replace(HEAD, tab="outcome"),
    outcomes=("joined", "renegotiated", "declined", "reneged", "rescinded"),
    reasons=("pay", "competing_offer", "other"),
    endings=(
        portrait.Ending(outcome="reneged", reason="pay", note="另一家给了 20k，说家里希望离得近。",
            on_day=date(2026, 11, 23), cost=8_000, by="王敏", at=ago(hours=3)),
        portrait.Ending(outcome="renegotiated", reason="pay", note="", on_day=date(2026, 11, 10),
            cost=None, by="李磊", at=ago(days=14)),
    ),
    values={"outcome": "reneged", "on_day": "2026-11-24"}, asked=True, today=date(2026, 11, 24),
)  # fmt: skip
OUTCOME_WRONG = replace(
    OUTCOME, endings=(), asked=False,
    errors={"reason": "请选择原因。", "on_day": "日期不能在将来。", "outcome": "请选择一种结局。",
            "cost": "请填写 0 到 10000000 之间的整数（元）。", "note": "备注最多 2000 字。"},
)  # fmt: skip


def proposed(kind: str, label: str, text: str, item: str, **more: object) -> shapes.ProposedField:
    made = shapes.ProposedField(
        field=field(kind, label, item, name=f"text:{kind}:{item}", value=text), ask="",
        quote=f"{label}：{text}", page=1, line=12, take=True, take_name=f"take:{kind}:{item}",
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type] # fields of it, by every caller


RESUME = shapes.ResumePage(
    head=replace(HEAD, tab="resume"),
    waiting=(
        shapes.ProposalCard(
            id="r1", source=shapes.Source(kind="upload", by="王敏"), at=ago(minutes=2),
            confirmed=3, left_out=4,
            sections=(
                shapes.Section(
                    id="j1", title="杭州星河科技有限公司", number=1,
                    fields=(
                        proposed("job.company", "公司", "杭州星河科技有限公司", "j1"),
                        proposed("job.pay", "离职前薪资", "15", "j1", take=False,
                            ask="单位不清：15 是 15k 吗？请写成 18k 或 18000"),
                        proposed("job.left_because", "离职原因（原话）", "薪资低", "j1"),
                    ),
                ),
                shapes.Section(
                    id="", title="", number=0,
                    fields=(
                        proposed("expect.pay", "期望薪资", "20k", "", standing="18,000 元/月"),
                    ),
                ),
            ),
        ),
    ),
    settled=(
        shapes.SettledProposal(source=shapes.Source(kind="attachment"), at=ago(days=9),
            state="done", confirmed=11),
    ),
    documents=DOCUMENTS[:1],
)  # fmt: skip
UNREADABLE = shapes.ResumePage(
    head=replace(HEAD, tab="resume"),
    refused="这份 PDF 里没有文字（像是扫描件或照片），读不出来；请对方发文字版 PDF 或 Word",
)


DOUBLE = shapes.Double(
    id="c9", name="张三丰（内推）", position="服务端开发工程师", stage="interview",
    phone="138****5678", owner="李磊", created_at=ago(days=2), why="phone",
)  # fmt: skip
MERGE = shapes.MergePage(
    head=replace(HEAD, tab="merge"), query="张", searched=True,
    found=(DOUBLE, replace(DOUBLE, id="c8", name="张三", why="found", phone="")),
    merged=(
        shapes.Merged(id="g1", by="王敏", at=ago(days=3), undone_at=None, kept_here=True),
        shapes.Merged(id="g2", by="李磊", at=ago(days=9), undone_at=ago(days=8), kept_here=True),
    ),
)  # fmt: skip
PREVIEW = shapes.MergePreview(
    kept=replace(DOUBLE, id="c1", name="张三丰", position="后端工程师", stage="offer"), gone=DOUBLE,
    clashes=(
        shapes.Clash(label="期望薪资", kept="18,000 元/月", gone="20,000 元/月"),
        shapes.Clash(label="期望地点", kept="杭州", gone="杭州或上海，最好离地铁近一些"),
    ),
    added=("职业规划", "技能"), jobs=2, files=1, channels=("webchat", "wecom"),
    swap_url="/console/candidates/c1/merge?other=c9&keep=other",
)  # fmt: skip
MERGE_PREVIEW = replace(MERGE, preview=PREVIEW, found=(), query="", searched=False)
MERGE_BLOCKED = replace(
    MERGE, preview=replace(PREVIEW, blocked="turn", clashes=()), found=(), merged=()
)
MERGE_NONE = replace(MERGE, found=(), merged=())


def record_samples() -> list[Sample]:
    """Whole pages."""
    outer = shell("candidates")
    saved = (views.Flash(kind="ok", text="已保存。旧值仍可查看。"),)
    manager = replace(outer, viewer=views.Viewer(id="u2", name="周强", role="manager"))
    pages: list[tuple[str, str, views.Shell, object]] = [
        ("record", "record", replace(outer, flashes=saved), RECORD),
        ("record-steps", "record", outer, replace(EMPTY, steps=STEPS)),
        ("record-steps-wrong", "record", outer, replace(EMPTY, steps=STEPS_WRONG)),
        ("record-talks", "record", outer, replace(EMPTY, interviews=desk.INTERVIEWS)),
        ("record-talks-wrong", "record", outer, replace(EMPTY, interviews=desk.REFUSED)),
        ("record-shared", "record", manager, SHARED),
        ("record-empty", "record", outer, EMPTY),
        ("match", "match", outer, MATCH),
        ("match-none", "match", outer, NO_MATCH),
        ("risk", "risk", outer, RISK),
        ("risk-none", "risk", outer, CALM),
        ("outcome", "outcome", outer, OUTCOME),
        ("resume", "resume", outer, RESUME),
        ("resume-unreadable", "resume", outer, UNREADABLE),
        ("merge", "merge", outer, MERGE),
        ("merge-preview", "merge", outer, MERGE_PREVIEW),
        ("merge-blocked", "merge", outer, MERGE_BLOCKED),
        ("merge-none", "merge", outer, MERGE_NONE),
        ("outcome-wrong", "outcome", outer, OUTCOME_WRONG),
    ]
    return [
        Sample(
            name=name, template=f"console/{template}.html", context={"shell": around, "page": page}
        )
        for name, template, around, page in pages
    ]


def all_samples() -> list[Sample]:
    """Pages, and the head they share."""
    top = Sample(
        name="_portrait_head",
        template="console/_portrait_head.html",
        context={"shell": shell(), "page": MATCH},
    )
    steps = Sample(
        name="_record_steps",
        template="console/_record_steps.html",
        context={"shell": shell(), "page": replace(EMPTY, steps=STEPS)},
    )
    talks = Sample(
        name="_record_interviews",
        template="console/_record_interviews.html",
        context={"shell": shell(), "page": replace(EMPTY, interviews=desk.INTERVIEWS)},
    )
    return [*record_samples(), top, steps, talks]
