"""One person looked at as a whole: which rules over the record hold, how well expectations fit, and
the score a list is ordered by. Run by whatever changes the record, inside its transaction."""

from __future__ import annotations

from dataclasses import dataclass

from bot import rows
from bot.match.match import Match, Role, match
from bot.profile.pay import Pay
from bot.profile.profile import Profile, Statement
from bot.risk import engine
from bot.risk.engine import Held
from bot.risk.known import Known, Seat, Step, Talk
from bot.risk.rhythm import Beat, asks, usual_reply_h, waiting_h
from bot.rulebook import Rulebook
from bot.words import SHANGHAI
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.queries import appraisal, people, profile, record
from storage.queries.people import CandidateRow, PositionRow
from storage.vault import Vault
from storage.viewer import SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraised:
    """What an appraisal saw and found."""

    known: Known
    match: Match
    held: tuple[Held, ...]
    score: int


def appraise(
    tx: Tx, vault: Vault, rulebook: Rulebook, candidate_id: str, *, likeness: float | None = None
) -> Appraised:
    """Look at a candidate and keep what was found. The same record again changes nothing.

    ``likeness`` is how near the career plan is to the role, 0 to 1. Raises ``NotFound``.
    """
    row = people.get_candidate(tx, vault, SYSTEM, candidate_id)
    key = vault.key(tx, row.subject_id)
    known, fit = look(tx, vault, key, rulebook, row, likeness=likeness)
    held = engine.held(rulebook.risk, known)
    _keep(tx, key, candidate_id, held)
    score = engine.score(rows.factors_seen(tx, candidate_id), tx.now)
    if score != row.score:
        record.score(tx, candidate_id, score, str(engine.level(score)))
    return Appraised(known=known, match=fit, held=held, score=score)


def look(
    tx: Tx,
    vault: Vault,
    key: SubjectKey,
    rulebook: Rulebook,
    row: CandidateRow,
    *,
    likeness: float | None = None,
) -> tuple[Known, Match]:
    """All that rules and match may see of a candidate. Writes nothing."""
    told = profile_of(tx, key, rulebook, row.id)
    position = None
    if row.position_id is not None:
        position = people.get_position(tx, SYSTEM, row.position_id)
    today = tx.now.astimezone(SHANGHAI).date()
    fit = match(told, _role(position, row), rulebook.match.weights, likeness=likeness)
    known = Known(
        today=today,
        profile=told,
        seat=Seat(budget=budget_of(position)),
        talk=_talk(tx, vault, row.id),
        steps=tuple(
            Step(name=one.name, due=one.due_on, done=one.done_at is not None)
            for one in appraisal.steps(tx, row.id)
        ),
        doubted=profile.doubted(tx, key, row.id),
        match=fit.score,
    )
    return known, fit


def profile_of(tx: Tx, key: SubjectKey, rulebook: Rulebook, candidate_id: str) -> Profile:
    """The statements that stand, of kinds the definition knows."""
    kinds = rulebook.profile.kinds
    return Profile(
        tuple(
            Statement(
                id=row.id,
                kind=row.kind,
                item=row.item,
                value=row.value,
                source=row.source,
                said_at=row.said_at,
                verified_by=row.verified_by,
                verified_at=row.verified_at,
            )
            for row in profile.statements(tx, key, candidate_id)
            if row.kind in kinds
        )
    )


def budget_of(position: PositionRow | None) -> Pay | None:
    """What a position may cost, as a pay; None where nobody said."""
    if position is None or position.budget_high is None:
        return None
    return Pay(
        low=position.budget_low or position.budget_high,
        high=position.budget_high,
        months=position.months,
    )


def _role(position: PositionRow | None, row: CandidateRow) -> Role:
    if position is None:
        return Role()
    return Role(
        budget=budget_of(position),
        city=position.city,
        needed_by=row.start_on,
        culture=frozenset(position.culture),
    )


def _talk(tx: Tx, vault: Vault, candidate_id: str) -> Talk:
    beats = [
        Beat(ours=not one.inbound, at=one.at, asks=asks(one.text))
        for one in appraisal.talk(tx, vault, candidate_id)
    ]
    return Talk(
        usual_reply_h=usual_reply_h(beats, SHANGHAI),
        waiting_h=waiting_h(beats, tx.now, SHANGHAI),
        delays=appraisal.delays(tx, candidate_id),
    )


def _keep(tx: Tx, key: SubjectKey, candidate_id: str, held: tuple[Held, ...]) -> None:
    """Begin, reword and end factors so that what stands is what holds."""
    standing = {
        (one.rule, one.facts, one.adds): one for one in appraisal.standing(tx, key, candidate_id)
    }
    for one in held:
        found = standing.pop((one.rule, one.of, one.adds), None)
        if found is None:
            appraisal.begin(
                tx,
                key,
                candidate_id,
                rule=one.rule,
                adds=one.adds,
                fades_after_days=one.fades_after_days,
                facts=one.of,
                words=one.words,
            )
        elif found.words != one.words:
            appraisal.reword(tx, key, found.id, one.words)
    appraisal.finish(tx, [one.id for one in standing.values()])
