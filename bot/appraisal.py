"""One person looked at as a whole: which rules over the record hold, how well expectations fit, and
the score a list is ordered by. Run by whatever changes the record, inside its transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from bot.words import SHANGHAI, step_name
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.errors import NotFound
from storage.queries import appraisal, arrivals, people, profile, record, steps
from storage.queries.appraisal import Begun
from storage.queries.people import CandidateRow, PositionRow
from storage.queries.profile import StatementRow
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
    [found] = _appraised(tx, vault, rulebook, [row], likeness=likeness)
    return found


def appraise_all(
    tx: Tx, vault: Vault, rulebook: Rulebook, told: Mapping[str, Sequence[StatementRow]]
) -> None:
    """``appraise`` for many people at once, of whom the caller has just read or written ``told``:
    all statements that stand, by candidate. Raises ``NotFound``."""
    who = people.among(tx, vault, SYSTEM, ids=told)
    if len(who) < len(told):
        raise NotFound("no such candidate")
    _appraised(tx, vault, rulebook, who, told=told)


def _appraised(
    tx: Tx,
    vault: Vault,
    rulebook: Rulebook,
    who: Sequence[CandidateRow],
    *,
    told: Mapping[str, Sequence[StatementRow]] | None = None,
    likeness: float | None = None,
) -> list[Appraised]:
    by_subject = vault.keys(tx, [row.subject_id for row in who])
    keys = {row.id: by_subject[row.subject_id] for row in who}
    told = profile.statements_of(tx, keys) if told is None else told
    looked = _looked(tx, vault, keys, rulebook, who, told, likeness=likeness)
    held = {row.id: engine.held(rulebook.risk, known) for row, (known, _) in looked}
    _keep(tx, keys, held)
    standing = arrivals.factors(tx, held)
    found, moved = [], []
    for row, (known, fit) in looked:
        score = engine.score(map(rows.factor_seen, standing[row.id]), tx.now)
        if score != row.score:
            moved.append((row.id, score, str(engine.level(score))))
        found.append(Appraised(known=known, match=fit, held=held[row.id], score=score))
    record.scores(tx, moved)
    return found


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
    keys = {row.id: key}
    told = profile.statements_of(tx, keys)
    [(_, found)] = _looked(tx, vault, keys, rulebook, [row], told, likeness=likeness)
    return found


def _looked(
    tx: Tx,
    vault: Vault,
    keys: Mapping[str, SubjectKey],
    rulebook: Rulebook,
    who: Sequence[CandidateRow],
    told: Mapping[str, Sequence[StatementRow]],
    *,
    likeness: float | None,
) -> list[tuple[CandidateRow, tuple[Known, Match]]]:
    seats = {row.position_id for row in who if row.position_id is not None}
    positions = arrivals.positions(tx, SYSTEM, seats)
    planned = steps.steps_of(tx, keys)
    doubted = profile.doubted_of(tx, keys)
    # Of one person it is asked at once; of many, few have said anything yet.
    heard = set(keys) if len(keys) == 1 else appraisal.heard_of(tx, keys)
    today = tx.now.astimezone(SHANGHAI).date()
    found = []
    for row in who:
        has = _profile(rulebook, told[row.id])
        position = positions[row.position_id] if row.position_id is not None else None
        fit = match(has, _role(position, row), rulebook.match.weights, likeness=likeness)
        known = Known(
            today=today,
            profile=has,
            seat=Seat(budget=budget_of(position)),
            talk=_talk(tx, vault, row.id) if row.id in heard else Talk(),
            steps=tuple(
                Step(
                    name=step_name(rulebook.replies, one.kind, one.words),
                    due=one.due_on,
                    done=not one.open,
                )
                for one in planned[row.id]
                if not one.dropped
            ),
            doubted=doubted[row.id],
            match=fit.score,
        )
        found.append((row, (known, fit)))
    return found


def profile_of(tx: Tx, key: SubjectKey, rulebook: Rulebook, candidate_id: str) -> Profile:
    """The statements that stand, of kinds the definition knows."""
    return _profile(rulebook, profile.statements(tx, key, candidate_id))


def _profile(rulebook: Rulebook, told: Sequence[StatementRow]) -> Profile:
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
            for row in told
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
        needed_by=row.start_on or position.needed_by,
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


def _keep(tx: Tx, keys: Mapping[str, SubjectKey], held: Mapping[str, tuple[Held, ...]]) -> None:
    """Begin, reword and end factors so that what stands is what holds, for each candidate."""
    before = appraisal.standing_of(tx, keys)
    begun: list[Begun] = []
    over: list[str] = []
    for candidate_id, rules in held.items():
        standing = {(one.rule, one.facts, one.adds): one for one in before[candidate_id]}
        for one in rules:
            found = standing.pop((one.rule, one.of, one.adds), None)
            if found is None:
                begun.append(_begun(candidate_id, keys[candidate_id], one))
            elif found.words != one.words:
                appraisal.reword(tx, keys[candidate_id], found.id, one.words)
        over.extend(one.id for one in standing.values())
    appraisal.begin(tx, begun)
    appraisal.finish(tx, over)


def _begun(candidate_id: str, key: SubjectKey, one: Held) -> Begun:
    return Begun(
        candidate_id=candidate_id,
        key=key,
        rule=one.rule,
        adds=one.adds,
        fades_after_days=one.fades_after_days,
        facts=one.of,
        words=one.words,
    )
