"""Writing a played story: the same record as a turn's, each deed at its own moment.

Between two deeds the planned moments that came due are fired as the clock would have, and the
verdicts HR gave are recorded.
"""

from __future__ import annotations

import heapq
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot import jobs, planning, records
from bot.alerts import actions, policy
from bot.pipeline import Road
from bot.risk import engine
from bot.sandbox.history import Consented, History, Moved, Spoken, Understood
from bot.standing import alert_seen, factors_seen
from bot.turn import Outcome
from bot.workdays import ZONE
from storage.database import Tx
from storage.enums import Author, Verdict
from storage.queries import alerts, backfill, consents, people, record, scheduled
from storage.queries.consents import NewConsent
from storage.viewer import SYSTEM

#: Alerts raised within this time of the founding stay as the lines left them: mostly open.
RECENT = timedelta(days=5)
#: Alerts about ourselves: whoever answers the candidate marks them handled.
_OWN = (policy.HANDOVER, policy.OVERDUE, policy.DEADLINE)

_Verdict = tuple[datetime, int, str, Verdict]  # when, order, alert, what


def tell(tx: Tx, road: Road, history: History, today: datetime) -> None:
    """Write one story. Safe to run again after a rollback; the caller remembers that it is told."""
    cast = history.cast
    talk = backfill.talk_by_id(tx, cast.conversation_id)
    key = road.vault.key(tx, talk.subject_id)
    spoken = [deed.message for deed in history.deeds if isinstance(deed, Spoken)]
    numbers = backfill.messages(tx, key, talk, spoken)
    teller = _Teller(tx=tx, road=road, history=history, key=key, numbers=numbers, today=today)
    for deed in history.deeds:
        teller.until(deed.at)
        if isinstance(deed, Understood):
            teller.understood(deed)
        elif isinstance(deed, Moved):
            moved = backfill.at(tx, deed.at)
            people.set_stage(moved, SYSTEM, cast.candidate_id, deed.stage, start_on=deed.start_on)
        elif isinstance(deed, Consented):
            teller.consented(deed)
        elif deed.message.author is Author.HR:
            teller.answered(deed.at)
    teller.until(today)
    score = engine.score(factors_seen(tx, cast.candidate_id), today)
    record.score(tx, cast.candidate_id, score, str(engine.level(score)))
    # Surveys begin with the visitor: what was due before is no part of the story.
    tomorrow = today.astimezone(ZONE).date() + timedelta(days=1)
    then = backfill.at(tx, today)
    planning.replan(then, road.rulebook, cast.candidate_id, due_from=tomorrow)
    backfill.rest(
        tx,
        cast.conversation_id,
        state=history.state,
        muted=history.muted,
        last_at=spoken[-1].at,
    )


@dataclass(slots=True, kw_only=True)
class _Teller:
    tx: Tx
    road: Road
    history: History
    key: Any
    numbers: dict[str, int]
    today: datetime
    verdicts: list[_Verdict] = field(default_factory=list)

    def until(self, moment: datetime) -> None:
        """Let what was planned and judged up to a moment happen, in order."""
        while True:
            due = backfill.next_due(self.tx, self.history.cast.candidate_id, moment)
            judged_at = self.verdicts[0][0] if self.verdicts else None
            if due is not None and (judged_at is None or due.due_at <= judged_at):
                then = backfill.at(self.tx, due.due_at)
                scheduled.finish(then, due, jobs.fire(self.road)(then, due))
            elif judged_at is not None and judged_at <= moment:
                _, _, alert_id, verdict = heapq.heappop(self.verdicts)
                self._judge(judged_at, alert_id, verdict)
            else:
                return

    def understood(self, deed: Understood) -> None:
        """Keep the reading and its consequences."""
        then = backfill.at(self.tx, deed.at)
        last, reading = deed.said[-1], deed.heard.reading
        record.reading(
            then,
            self.key,
            message_id=self.numbers[last.uid],
            covers=[said.uid for said in deed.said],
            read=reading.as_dict(),
            spans=[asdict(span) for span in deed.heard.spans],
            deadline=reading.deadline,
            stage=deed.heard.stage,
        )
        records.about_candidate(
            then,
            self.key,
            vault=self.road.vault,
            rules=self.road.rulebook,
            candidate_id=self.history.cast.candidate_id,
            conversation_id=self.history.cast.conversation_id,
            source=last.uid,
            said_at=last.sent_at,
            outcome=deed.outcome,
            channels={},  # nobody's phone rings for what is long past
        )
        self._will_be_judged(deed)

    def consented(self, deed: Consented) -> None:
        """A link of the candidate's consents; the audit chain has it as of today."""
        link = NewConsent(
            candidate_id=self.history.cast.candidate_id,
            item=deed.link.item,
            answer=deed.link.answer,
            notice=deed.link.notice,
            source=deed.link.source,
        )
        consents.add(self.tx, self.road.vault.keystore, SYSTEM, [link], at=deed.at)

    def answered(self, at: datetime) -> None:
        """HR wrote to the candidate: nothing of ours is overdue any more."""
        cast = self.history.cast
        scheduled.cancel(self.tx, kind="answer_due", person_id=cast.candidate_id)
        for row in alerts.unresolved(self.tx, cast.candidate_id):
            if row.topic in _OWN:
                self._judge(at, row.id, Verdict.HANDLED)

    def _will_be_judged(self, deed: Understood) -> None:
        raised = {alert.topic for alert in deed.outcome.alerts} - set(_OWN)
        otherwise = self.history.cast.story.otherwise
        for row in alerts.unresolved(self.tx, self.history.cast.candidate_id):
            if row.topic not in raised:
                continue
            judged = dict(deed.judged)
            awaited = any(alert_id == row.id for _, _, alert_id, _ in self.verdicts)
            if not judged and not awaited and self.today - deed.at > RECENT:
                judged = {otherwise.verdict: otherwise.hours}
            for verdict, hours in judged.items():
                at = deed.at + timedelta(hours=hours)
                heapq.heappush(self.verdicts, (at, len(self.verdicts), row.id, verdict))

    def _judge(self, at: datetime, alert_id: str, verdict: Verdict) -> None:
        cast = self.history.cast
        row, _ = alerts.version_of(self.tx, SYSTEM, alert_id)
        judged = actions.judged(
            alert_seen(row),
            verdict,
            user_id=cast.owner_id,
            via="console",
            cause=f"past:{alert_id}:{row.revision}",
        )
        records.verdicts(backfill.at(self.tx, at), Outcome(flow="console", verdicts=(judged,)))
