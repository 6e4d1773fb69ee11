"""What can be measured in a record. Each measure is a pure function; rules set limits to them.

A measure that lacks what it needs is None: what nobody said moves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.profile.pay import Pay
from bot.profile.profile import Job
from bot.risk.known import Known

#: How many months back a change of jobs counts as recent.
RECENT_MONTHS = 36
_BAD = "weak"
_GOOD = "top"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A number, what it was made of (statement ids), and how it is said to HR."""

    value: float
    of: tuple[str, ...]
    words: str


Measure = Callable[[Known], Measured | None]


def _last_job(known: Known) -> Job | None:
    return next((job for job in known.profile.jobs if job.pay() is not None), None)


def expected_over_last(known: Known) -> Measured | None:
    """By what share the expected yearly pay is above the last one: 0.3 is 30 %."""
    job, wanted = _last_job(known), known.profile.pay("expect.pay")
    last = job.pay() if job else None
    if job is None or last is None or wanted is None:
        return None
    over = _rise(last, wanted)
    return Measured(
        value=over,
        of=(job.told["pay"].id, known.profile.once["expect.pay"].id),
        words=f"期望 {_k(wanted)}，上一份 {_k(last)}，{_more(over)}",
    )


def expected_over_budget(known: Known) -> Measured | None:
    """By what share the lower end of the expectation is above the top of the budget."""
    wanted, budget = known.profile.pay("expect.pay"), known.seat.budget
    top = None if budget is None else budget.high or budget.low
    if wanted is None or budget is None or not top:
        return None
    months = (wanted.months or 12) / (budget.months or wanted.months or 12)
    over = wanted.low * months / top - 1
    return Measured(
        value=round(over, 4),
        of=(known.profile.once["expect.pay"].id,),
        words=f"期望 {_k(wanted)}，预算 {_k(budget)}，{_more(over)}",
    )


def top_performance(known: Known) -> Measured | None:
    """1 when the last two jobs that say so were all done very well, 0 when not."""
    told = [job for job in known.profile.jobs if job.of("performance")][:2]
    if not told:
        return None
    good = all(job.of("performance") == _GOOD for job in told)
    of = tuple(job.told["performance"].id for job in told)
    return Measured(value=float(good), of=of, words="绩效优秀" if good else "绩效并不突出")


def left_over_pay(known: Known) -> Measured | None:
    """How many jobs were left over pay, by HR's confirmed tag."""
    tagged = [job for job in known.profile.jobs if job.of("left_tag")]
    left = [job for job in tagged if job.of("left_tag") == "pay"]
    if not tagged:
        return None
    of = tuple(job.told["left_tag"].id for job in left)
    return Measured(value=len(left), of=of, words=f"{len(left)} 次因薪资离职")


def least_rise(known: Known) -> Measured | None:
    """The smallest rise of pay from job to job, when at least two changes are known."""
    rises = list(_rises(known.profile.jobs))
    if len(rises) < 2:
        return None
    least = min(rise for rise, _ in rises)
    of = tuple(one for _, pair in rises for one in pair)
    told = "、".join(f"{rise:+.0%}" for rise, _ in rises)
    return Measured(value=least, of=tuple(dict.fromkeys(of)), words=f"历次跳槽涨薪 {told}")


def jobs_in_three_years(known: Known) -> Measured | None:
    """How many jobs began within the last 36 months or ran in them; None without any date."""
    today = known.today.year * 12 + known.today.month
    dated = [job for job in known.profile.jobs if job.begins]
    if not dated:
        return None
    recent = [job for job in dated if today - _month_of(job.begins) < RECENT_MONTHS]
    of = tuple(job.told["from"].id for job in recent)
    return Measured(value=len(recent), of=of, words=f"三年内 {len(recent)} 份工作")


def weak_jobs(known: Known) -> Measured | None:
    """In how many jobs the work was not up to the mark."""
    told = [job for job in known.profile.jobs if job.of("performance")]
    if not told:
        return None
    weak = [job for job in told if job.of("performance") == _BAD]
    of = tuple(job.told["performance"].id for job in weak)
    return Measured(value=len(weak), of=of, words=f"{len(weak)} 份工作绩效不达标")


def pay_first(known: Known) -> Measured | None:
    """1 when pay is named first among the reasons to move."""
    said = known.profile.once.get("own.motive_first")
    if said is None:
        return None
    return Measured(value=float(said.value == "pay"), of=(said.id,), words="首要动机是薪资")


def match(known: Known) -> Measured | None:
    """The match of expectations, 0 to 100."""
    if known.match is None:
        return None
    return Measured(value=known.match, of=(), words=f"预期匹配度 {known.match}")


def notice_days(known: Known) -> Measured | None:
    """Days between giving notice and leaving the present employer."""
    said = known.profile.once.get("own.notice_days")
    if said is None:
        return None
    return Measured(value=float(said.value), of=(said.id,), words=f"离职通知期 {said.value} 天")


def silence(known: Known) -> Measured | None:
    """How many times the person's own usual reply time our question has been waiting."""
    usual, waiting = known.talk.usual_reply_h, known.talk.waiting_h
    if usual is None or waiting is None:
        return None
    # Somebody who answers within minutes is not silent after an hour.
    times = waiting / max(usual, 2.0)
    return Measured(
        value=round(times, 2),
        of=(),
        words=f"问题等了 {waiting:.0f} 个工作小时，平时 {usual:.1f} 小时",
    )


def delays(known: Known) -> Measured | None:
    """How often an answer was put off in 30 days with no day named."""
    if known.talk.delays == 0:
        return None
    return Measured(value=known.talk.delays, of=(), words=f"30 天内推迟 {known.talk.delays} 次")


def late_steps(known: Known) -> Measured | None:
    """How many steps were not taken by their day."""
    late = [step for step in known.steps if not step.done and step.due < known.today]
    if not known.steps:
        return None
    names = "、".join(step.name for step in late)
    return Measured(value=len(late), of=(), words=f"到期未完成：{names}" if late else "步骤都按时")


def discrepancies(known: Known) -> Measured | None:
    """How many statements a check found otherwise."""
    if not known.doubted:
        return None
    words = "；".join(known.doubted.values())
    return Measured(value=len(known.doubted), of=tuple(known.doubted), words=f"与核实不符：{words}")


def other_offer(known: Known) -> Measured | None:
    """1 where they said in a survey that another company offered; None when nobody asked."""
    return _told(known, "own.processes", "offer", "问卷：已有其他 offer")


def not_resigned(known: Known) -> Measured | None:
    """1 where they said that the notice is not handed in; None when nobody asked."""
    return _told(known, "way.resigned", "no", "问卷：离职申请还没有提交")


def home_against(known: Known) -> Measured | None:
    """1 where those at home have doubts; None when nobody asked."""
    return _told(known, "way.home", "against", "问卷：家里有顾虑")


def pay_unclear(known: Known) -> Measured | None:
    """1 where the pay is not clear after the first days, a half where it partly is."""
    said = known.profile.once.get("joined.pay_clear")
    if said is None:
        return None
    worth = {"no": 1.0, "partly": 0.5}.get(str(said.value), 0.0)
    return Measured(value=worth, of=(said.id,), words="问卷：薪资不清楚")


def lowest_mood(known: Known) -> Measured | None:
    """The lowest of the marks given after the first day: mood, team, wish to stay; 1 to 5."""
    told = [
        (float(said.value), said.id)
        for kind in ("joined.mood", "joined.team", "joined.stay")
        if (said := known.profile.once.get(kind)) is not None
    ]
    if not told:
        return None
    value, of = min(told)
    return Measured(value=value, of=(of,), words=f"问卷：最低打了 {value:g} 分")


def _told(known: Known, kind: str, wanted: str, words: str) -> Measured | None:
    said = known.profile.once.get(kind)
    if said is None:
        return None
    return Measured(value=float(said.value == wanted), of=(said.id,), words=words)


MEASURES: Mapping[str, Measure] = {
    one.__name__: one
    for one in (
        expected_over_last,
        expected_over_budget,
        top_performance,
        left_over_pay,
        least_rise,
        jobs_in_three_years,
        weak_jobs,
        pay_first,
        match,
        notice_days,
        silence,
        delays,
        late_steps,
        discrepancies,
        other_offer,
        not_resigned,
        home_against,
        pay_unclear,
        lowest_mood,
    )
}


def _rises(jobs: Sequence[Job]) -> list[tuple[float, tuple[str, str]]]:
    """From each job to the next: the first pay there, or its last, against the last one here."""
    found = []
    for later, earlier in pairwise(jobs):
        name = "pay_first" if later.pay("pay_first") else "pay"
        old, new = earlier.pay(), later.pay(name)
        if old is not None and new is not None:
            found.append((_rise(old, new), (earlier.told["pay"].id, later.told[name].id)))
    return found


def _rise(old: Pay, new: Pay) -> float:
    """By months where both say how many, else by the month."""
    if old.months and new.months:
        return round(new.yearly / old.yearly - 1, 4)
    return round(new.middle / old.middle - 1, 4)


def _month_of(text: str) -> int:
    year, month = text.split("-")
    return int(year) * 12 + int(month)


def _k(pay: Pay) -> str:
    low, high = pay.low / 1000, None if pay.high is None else pay.high / 1000
    months = f"×{pay.months:g}" if pay.months else ""
    return f"{low:g}k{'+' if high is None else '' if high == low else f'-{high:g}k'}{months}"


def _more(share: float) -> str:
    return f"高 {share:.0%}" if share > 0 else f"低 {-share:.0%}" if share < 0 else "持平"
