"""One person looked at as a whole: which rules over the record hold, how well expectations fit, and
the score a list is ordered by. Run by whatever changes the record, inside its transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot import consenting
from bot.match.match import Match, Role, match
from bot.profile.pay import Pay
from bot.profile.profile import Profile, Statement
from bot.risk import engine
from bot.risk.engine import Held
from bot.risk.known import Known, Seat, Step, Talk
from bot.risk.rhythm import Beat, asks, usual_reply_h, waiting_h
from bot.rulebook import Rulebook
from bot.standing import factor_seen
from bot.words import SHANGHAI, step_name
from bot.workdays import Calendar
from nlp.likeness import version
from nlp.reading import Compared
from storage.crypto import SubjectKey, blind_index
from storage.database import Tx
from storage.errors import NotFound
from storage.queries import appraisal, arrivals, likeness, people, profile, record, steps
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """One person looked at. ``waits``: plan and role are to be compared, or compared again."""

    row: CandidateRow
    known: Known
    fit: Match
    waits: bool


def appraise(tx: Tx, vault: Vault, rulebook: Rulebook, candidate_id: str) -> Appraised:
    """Look at a candidate and keep what was found. The same record again changes nothing.

    Where the career plan or the role reads otherwise than when they were compared, it asks for
    that (``bot/comparing.py``) and leaves the part out until then. Raises ``NotFound``.
    """
    appraisal.hold(tx, candidate_id)
    row = people.get_candidate(tx, vault, SYSTEM, candidate_id)
    [found] = _appraised(tx, vault, rulebook, [row])
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
) -> list[Appraised]:
    by_subject = vault.keys(tx, [row.subject_id for row in who])
    keys = {row.id: by_subject[row.subject_id] for row in who}
    told = profile.statements_of(tx, keys) if told is None else told
    looked = _looked(tx, vault, keys, rulebook, who, told)
    likeness.ask(tx, [one.row.id for one in looked if one.waits])
    held = {one.row.id: engine.held(rulebook.risk, one.known) for one in looked}
    _keep(tx, keys, held)
    standing = arrivals.factors(tx, held)
    found, moved = [], []
    for one in looked:
        row = one.row
        score = engine.score(map(factor_seen, standing[row.id]), tx.now)
        if score != row.score:
            moved.append((row.id, score, str(engine.level(score))))
        found.append(Appraised(known=one.known, match=one.fit, held=held[row.id], score=score))
    record.scores(tx, moved)
    return found


def look(
    tx: Tx,
    vault: Vault,
    key: SubjectKey,
    rulebook: Rulebook,
    row: CandidateRow,
) -> tuple[Known, Match]:
    """All that rules and match may see of a candidate. Writes nothing."""
    keys = {row.id: key}
    told = profile.statements_of(tx, keys)
    [found] = _looked(tx, vault, keys, rulebook, [row], told)
    return found.known, found.fit


def _looked(
    tx: Tx,
    vault: Vault,
    keys: Mapping[str, SubjectKey],
    rulebook: Rulebook,
    who: Sequence[CandidateRow],
    told: Mapping[str, Sequence[StatementRow]],
) -> list[_Seen]:
    seats = {row.position_id for row in who if row.position_id is not None}
    positions = arrivals.positions(tx, SYSTEM, seats)
    planned = steps.steps_of(tx, keys)
    doubted = profile.doubted_of(tx, keys)
    # Of one person it is asked at once; of many, few have said anything yet.
    heard = set(keys) if len(keys) == 1 else appraisal.heard_of(tx, keys)
    heard &= consenting.analysed_of(tx, rulebook, {row.id: row.created_at for row in who})
    today = tx.now.astimezone(SHANGHAI).date()
    found = []
    for row in who:
        has = _profile(rulebook, told[row.id])
        position = positions[row.position_id] if row.position_id is not None else None
        pair = pair_of(has, position)
        compared = pair is not None and row.likeness_of == digest_of(vault, row, pair)
        near = row.likeness if compared else None
        fit = match(has, _role(position, row), rulebook.match.weights, likeness=near)
        known = Known(
            today=today,
            profile=has,
            seat=Seat(budget=budget_of(position)),
            talk=_talk(tx, vault, rulebook.calendar, row.id) if row.id in heard else Talk(),
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
        waits = pair is not None and not compared and not row.likeness_due
        found.append(_Seen(row=row, known=known, fit=fit, waits=waits))
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


def pair_of(told: Profile, position: PositionRow | None) -> Compared | None:
    """The career plan and the role as they read now; None where one of them says nothing."""
    plan = told.of("expect.plan")
    if plan is None or position is None or not position.requirements.strip():
        return None
    return Compared(plan=str(plan), title=position.title, role=position.requirements)


def digest_of(vault: Vault, row: CandidateRow, pair: Compared) -> str:
    """Names two texts, whose they are and what compares them; keyed: nobody can guess them."""
    parts = (version.name(), row.id, str(row.position_id), pair.plan, pair.title, pair.role)
    return blind_index(vault.keystore, "candidate.likeness_of", json.dumps(parts))


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
        duties=position.requirements,
    )


def _talk(tx: Tx, vault: Vault, calendar: Calendar, candidate_id: str) -> Talk:
    beats = [
        Beat(ours=not one.inbound, at=one.at, asks=asks(one.text))
        for one in appraisal.talk(tx, vault, candidate_id)
    ]
    return Talk(
        usual_reply_h=usual_reply_h(beats, SHANGHAI, calendar),
        waiting_h=waiting_h(beats, tx.now, SHANGHAI, calendar),
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
