"""What has to be true after a storm, by the product's rows and by the platform's own memory."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from storage.database import Database, Tx
from storage.enums import NoticeState
from storage.queries import alerts, timeline
from storage.queries.common import table
from storage.tables import (
    Candidate,
    Conversation,
    Factor,
    Identity,
    Message,
    Notice,
    Outbox,
    Reading,
)
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.integration.storm.script import DOUBTS, OPENING, Script, slot_of, slots
from tests.integration.storm.stage import Stage


@dataclass(frozen=True)
class Heard:
    """One stored message of somebody, and when it was read (None: read with a later one)."""

    id: int
    uid: str
    text: str
    sent_at: Any
    status: str
    read_at: Any


@dataclass(frozen=True)
class Sent:
    """One thing that left, or did not: its words, its end, and whether it may have left twice."""

    text: str
    status: str
    repeated: bool
    kind: str
    error: str
    attempts: int


#: Cards of their own that a colleague gets within a while: ``telling.limit`` of policy.yaml.
LIMIT = 10


class Verdict:
    """Looks once, when everything is at rest."""

    def __init__(self, database: Database, vault: Vault, stage: Stage, script: Script) -> None:
        self._database, self._vault = database, vault
        self._stage, self._script = stage, script

    def check(self) -> None:
        """Every promise, each with its own words."""
        self._database.submit_read(self._all).result(60)

    def _all(self, tx: Tx) -> None:
        late = self._stage.late()
        wet = False
        for person in range(self._stage.people):
            talk = self._talk(tx, person)
            line = list(self._script.lines[person])
            heard = self._heard(tx, talk)
            stored_once(heard, line)
            theirs = {text for who, text in late if who == person}
            in_order(heard, line, theirs)
            if not theirs & set(OPENING):
                opening_forwards(tx, heard)
            sent = self._sent(tx, talk)
            wet = wet or any(one.attempts > 1 or one.status == "ambiguous" for one in sent)
            owed(sent, tuple(line))
            delivered_once(sent, self._stage.texts(person), exact=self._stage.exact)
        read_once(tx)
        self._alerted(tx)
        # The page is our own database: nothing there can refuse what is sent.
        assert wet or self._stage.channel == "webchat", "it was no storm"

    def _talk(self, tx: Tx, person: int) -> str:
        talk = table(Conversation)
        here = sa.and_(
            talk.c.channel == self._stage.channel,
            talk.c.address == self._stage.address(person),
        )
        found: str = tx.scalar(sa.select(talk.c.id).where(here))
        return found

    def _heard(self, tx: Tx, talk: str) -> list[Heard]:
        message, reading = table(Message), table(Reading)
        rows = tx.all(
            sa.select(message, reading.c.created_at.label("read_at"))
            .outerjoin(reading, reading.c.message_id == message.c.id)
            .where(
                message.c.conversation_id == talk,
                message.c.direction == "inbound",
                message.c.kind == "text",
            )
            .order_by(message.c.id)
        )
        return [
            Heard(
                id=row.id,
                uid=row.uid,
                text=timeline.text_of(tx, self._vault, row.id),
                sent_at=row.sent_at,
                status=row.status,
                read_at=row.read_at,
            )
            for row in rows
        ]

    def _sent(self, tx: Tx, talk: str) -> list[Sent]:
        outbox = table(Outbox)
        rows = tx.all(
            sa.select(outbox).where(outbox.c.conversation_id == talk).order_by(outbox.c.id)
        )
        return [
            Sent(
                text=timeline.text_of(tx, self._vault, row.message_id) if row.message_id else "",
                status=row.status,
                repeated=row.doubtful,
                kind=row.kind,
                error=row.error or "",
                attempts=row.attempts,
            )
            for row in rows
        ]

    def _alerted(self, tx: Tx) -> None:
        """One alert a person and doubt, and its card before HR once: twice only where said."""
        candidate, identity = table(Candidate), table(Identity)
        doubts = {
            self._stage.address(person): [d for d in DOUBTS if d in self._script.lines[person]]
            for person in range(self._stage.people)
        }
        raised = alerts.page(tx, self._vault, SYSTEM, limit=200)
        where = {
            row.id: row.address
            for row in tx.all(
                sa.select(candidate.c.id, identity.c.address).join(
                    identity, identity.c.candidate_id == candidate.c.id
                )
            )
        }
        quotes = Counter((where[one.candidate_id], one.quote) for one in raised)
        assert quotes == Counter((who, text) for who, said in doubts.items() for text in said)
        if not self._stage.hr():
            return
        sent = [one for one in self._sent(tx, self._hr_talk(tx)) if one.kind == "card"]
        assert {one.status for one in sent} == {"sent"}
        shown = self._stage.cards()
        repeats = sum(one.repeated for one in sent)
        assert not (self._stage.exact and len(shown) > len(sent)), "a card came twice"
        assert len(sent) <= len(shown) <= len(sent) + 2 * repeats
        # So many come as a card of their own; the rest are told together, a little later.
        notice = table(Notice)
        told = {row.alert_id: row for row in tx.all(sa.select(notice))}
        assert set(told) == {one.id for one in raised}, "an alert that nobody is told of"
        carded = [one for one in raised if told[one.id].state == NoticeState.SENT]
        assert len(carded) == len(sent) >= min(len(raised), LIMIT)
        rest = {told[one.id].why for one in raised if one not in carded}
        assert rest <= {"limit"}, "held back for another reason than their number"
        for text in DOUBTS:
            wanted = sum(one.quote == text for one in carded)
            assert sum(text in card for card in shown) >= wanted, "an alert never reached HR"

    def _hr_talk(self, tx: Tx) -> str:
        talk = table(Conversation)
        found: str = tx.scalar(sa.select(talk.c.id).where(talk.c.address == self._stage.hr()))
        return found


def stored_once(heard: list[Heard], line: list[str]) -> None:
    """What was said is stored, all of it, and nothing twice."""
    assert Counter(one.text for one in heard) == Counter(line), "lost, or stored twice"
    assert {one.status for one in heard} == {"done"}


def in_order(heard: list[Heard], line: list[str], late: set[str]) -> None:
    """As said: by the platform's own time for all, by when it was heard for what came in time."""
    dated = sorted(heard, key=lambda one: (one.sent_at, one.id))
    moments = {one.text: one.sent_at for one in dated if line.count(one.text) == 1}
    times = [moments[text] for text in line if text in moments]
    assert times == sorted(times), "dated in another order than said"
    after = [one for one in heard if one.text not in OPENING and one.text not in late]
    said = [text for text in line if text not in OPENING and text not in late]
    assert [one.text for one in after] == said, "heard in another order than said"
    read = [one.read_at for one in after if one.read_at is not None]
    assert read == sorted(read), "answered in another order than heard"


def opening_forwards(tx: Tx, heard: list[Heard]) -> None:
    """The three first lines were read as they were said, whatever order they came in."""
    uids = {one.text: one.uid for one in heard}
    reading = table(Reading)
    first = [one.id for one in heard if one.text in OPENING]
    found = tx.all(
        sa.select(reading.c.covers)
        .where(reading.c.message_id.in_(first))
        .order_by(reading.c.created_at)
    )
    covered = [uid for row in found for uid in row.covers]
    assert covered == [uids[text] for text in OPENING], "read in another order than said"


def owed(sent: list[Sent], line: tuple[str, ...]) -> None:
    """The bot decided each reply once, in order, and nothing was given up."""
    texts = [one for one in sent if one.kind == "text"]
    ends = {one.status for one in texts}
    assert ends <= {"sent", "ambiguous"}, [one.error for one in texts if one.status == "dead"]
    assert Counter(slot_of(one.text) for one in texts) == Counter(slots(line))


def delivered_once(sent: list[Sent], seen: list[str], *, exact: bool) -> None:
    """What somebody saw is what was sent, in order, once; twice only where the row says so."""
    texts = [one for one in sent if one.kind == "text"]
    signs = {text: chr(0x4E00 + n) for n, text in enumerate({one.text for one in texts})}
    pattern = "".join(signs[one.text] + _times(one, exact=exact) for one in texts)
    assert all(text in signs for text in seen), "something nobody decided was sent"
    found = "".join(signs[text] for text in seen)
    ends = [(slot_of(one.text), one.status, one.repeated) for one in texts]
    assert re.fullmatch(pattern, found), f"sent {ends}, seen {[slot_of(text) for text in seen]}"


def _times(one: Sent, *, exact: bool) -> str:
    """How often somebody may have seen a reply, as a pattern."""
    most = "" if exact else "{1,4}"
    if one.status == "ambiguous":
        return "{0,1}" if exact else "{0,4}"
    return most if one.repeated else ""


def read_once(tx: Tx) -> None:
    """No message was read into effect twice."""
    reading, factor = table(Reading), table(Factor)
    covered = Counter(uid for row in tx.all(sa.select(reading.c.covers)) for uid in row.covers)
    assert max(covered.values()) == 1
    doubled = tx.all(
        sa.select(factor.c.source, factor.c.rule)
        .group_by(factor.c.source, factor.c.rule)
        .having(sa.func.count() > 1)
    )
    assert doubled == []
