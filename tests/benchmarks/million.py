"""A million messages with 20,000 candidates, made by the database itself; one candidate has 2,000
that can be read, in the middle of all others'."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from bot.appraisal import appraise
from bot.profile import values
from bot.rulebook import Rulebook
from storage.crypto import new_public_id
from storage.database import Database, Tx
from storage.enums import Author, Stage, StepKind
from storage.queries import arrivals, backfill, people, profile, steps
from storage.queries.arrivals import NewCandidate
from storage.queries.backfill import PastMessage
from storage.queries.common import chunks, insert_all
from storage.queries.profile import NewStatement
from storage.tables import Conversation, Identity
from storage.vault import Vault
from storage.viewer import SYSTEM

PEOPLE, MESSAGES, THEIRS = 20_000, 1_000_000, 2_000
#: Stands for everybody else's words, which nobody opens here: as long as a sealed sentence.
_SEALED = "1.a.s_nobody." + "A" * 130

_NUMBERS = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT {low} UNION ALL SELECT i + 1 FROM n "
    "WHERE i + 1 < {high}) SELECT i FROM n)",
    "postgresql": "generate_series({low}, {high} - 1) AS n(i)",
}
_UID = {"sqlite": "lower(hex(randomblob(13)))", "postgresql": "substr(md5(random()::text), 1, 26)"}
_AT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now', ((i - {total}) * 5) || ' seconds')",
    "postgresql": "now() + (i - {total}) * interval '5 seconds'",
}
_COVERS = {"sqlite": "json_array(uid)", "postgresql": "jsonb_build_array(uid)"}
_JSON = {"sqlite": "", "postgresql": "::jsonb"}

_TALKS = """
    INSERT INTO message (uid, channel, external_id, conversation_id, direction, kind, author,
                         body_sealed, sent_at, received_at, status, attempts)
    SELECT 'm_' || {uid}, 'webchat', 'past:b' || i, 'v_b' || (i * 619 % {people}),
           CASE WHEN i / {people} % 2 = 0 THEN 'outbound' ELSE 'inbound' END, 'text',
           CASE WHEN i / {people} % 2 = 0 THEN 'bot' ELSE 'candidate' END,
           '{sealed}', {at}, {at}, CASE WHEN i / {people} % 2 = 0 THEN 'sent' ELSE 'done' END, 0
    FROM {numbers}
"""
_READINGS = """
    INSERT INTO reading (message_id, covers, intents, scores, commitment, reported, condition,
                         alert, severity, evidence, model, created_at)
    SELECT id, {covers}, '["consider"]'{json}, '{{}}'{json}, -1, false, 'none', false, 'none',
           '[]'{json}, 'bench', sent_at
    FROM message WHERE direction = 'inbound'
"""


@dataclass(frozen=True, slots=True)
class Watched:
    """The candidate whose pages are opened."""

    id: str


def fill(
    database: Database,
    vault: Vault,
    rulebook: Rulebook,
    *,
    people_: int = PEOPLE,
    messages: int = MESSAGES,
) -> Watched:
    """Fill an empty, migrated database."""

    def work(tx: Tx) -> Watched:
        _everybody(tx, vault, people_)
        _talk(tx, people_, 0, messages // 2, messages)
        found = _watched(tx, vault)
        _talk(tx, people_, messages // 2, messages - THEIRS, messages)
        kind = tx.dialect
        tx.run(sa.text(_READINGS.format(covers=_COVERS[kind], json=_JSON[kind])))
        _record(tx, vault, rulebook, found)
        if kind == "postgresql":  # what autovacuum does by itself after a while
            tx.run(sa.text("ANALYZE"))
        return Watched(found)

    return database.submit(work).result()


def _everybody(tx: Tx, vault: Vault, count: int) -> None:
    for numbers in chunks(range(count)):
        new = [NewCandidate(name=f"候选人{n}", stage=Stage.OFFER) for n in numbers]
        made = list(zip(numbers, arrivals.create(tx, vault, SYSTEM, new), strict=True))
        ours = {"channel": "webchat", "created_at": tx.now}
        identities = [
            {**ours, "id": f"i_b{n}", "address": f"b{n}", "candidate_id": whose, "reachable": True}
            for n, (whose, _) in made
        ]
        talks = [
            {**ours, "id": f"v_b{n}", "address": f"b{n}", "identity_id": f"i_b{n}",
             "subject_id": key.id, "last_at": tx.now, "state": {}, "wake": False, "version": 0,
             "muted": False}
            for n, (_, key) in made
        ]  # fmt: skip
        insert_all(tx, Identity, identities)
        insert_all(tx, Conversation, talks)


def _talk(tx: Tx, count: int, low: int, high: int, total: int) -> None:
    kind = tx.dialect
    statement = _TALKS.format(
        uid=_UID[kind],
        people=count,
        sealed=_SEALED,
        at=_AT[kind].format(total=total),
        numbers=_NUMBERS[kind].format(low=low, high=high),
    )
    tx.run(sa.text(statement))


def _watched(tx: Tx, vault: Vault) -> str:
    seat = people.create_position(tx, SYSTEM, title="后端工程师", city="上海", budget_high=18_000)
    found = people.create_candidate(
        tx, vault, SYSTEM, name="陈一鸣", stage=Stage.OFFER, position_id=seat, phone="13812345678"
    )
    talk = backfill.talk(tx, vault, candidate_id=found, channel="webchat", address="watched")
    key = vault.key(tx, talk.subject_id)
    past = [
        PastMessage(
            uid=new_public_id("m"),
            author=Author.CANDIDATE if n % 2 else Author.BOT,
            author_id=None,
            text="薪资这块我还想再考虑一下，周五前给您答复" if n % 2 else "入职材料准备好了吗？",
            at=tx.now - timedelta(hours=THEIRS - n),
        )
        for n in range(THEIRS)
    ]
    backfill.messages(tx, key, talk, past)
    return found


def _record(tx: Tx, vault: Vault, rulebook: Rulebook, candidate_id: str) -> None:
    told = {
        ("expect.pay", ""): "20k",
        ("expect.city", ""): "杭州",
        ("own.notice_days", ""): "60",
        ("job.company", "a"): "星河科技",
        ("job.from", "a"): "2024-05",
        ("job.pay", "a"): "17k",
        ("job.company", "b"): "云上",
        ("job.from", "b"): "2023-02",
        ("job.until", "b"): "2024-04",
        ("job.pay", "b"): "12k",
        ("job.left_tag", "b"): "薪资",
    }
    said = [
        NewStatement(kind=kind, item=item, value=values.parse(rulebook.profile.kinds[kind], text))
        for (kind, item), text in told.items()
    ]
    row = people.get_candidate(tx, vault, SYSTEM, candidate_id)
    key = vault.key(tx, row.subject_id)
    profile.state(tx, key, candidate_id, said, source="form:bench", said_at=tx.now)
    due = (tx.now + timedelta(days=9)).date()
    steps.plan(tx, key, candidate_id, StepKind.RESIGNATION, due, source="form:bench")
    appraise(tx, vault, rulebook, candidate_id)
