"""Opening an invite: in two chats at the same moment, and with more said in the same breath."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot import records, rows
from bot.conversation.router import decide
from storage.crypto import Keystore
from storage.database import Database, Tx
from storage.enums import InvitePurpose, MessageKind, Stage
from storage.errors import Stale
from storage.queries import intake, invites, people, turns
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.builders import a_rulebook
from tests.clock import FakeClock

TOKEN = "one-invite-for-two-chats-0123456789"
NO_PAUSE, PAUSE = timedelta(), timedelta(seconds=8)


async def test_an_invite_binds_one_chat_even_when_two_open_it_at_once(database: Database) -> None:
    vault = Vault(Keystore.generate())

    def arrive(tx: Tx) -> list[str]:
        candidate = people.create_candidate(tx, vault, SYSTEM, name="林溪", stage=Stage.OFFER)
        invites.create_invite(
            tx, vault, token=TOKEN, purpose=InvitePurpose.CHAT, lifetime=timedelta(days=1),
            created_by="test", channel="telegram", candidate_id=candidate,
        )  # fmt: skip
        said = [
            intake.NewMessage(
                channel="telegram", address=address, external_id=address,
                kind=MessageKind.TEXT, text=f"/start {TOKEN}", sent_at=tx.now,
            )
            for address in ("700", "701")
        ]  # fmt: skip
        return [stored.conversation_id for stored in intake.take(tx, vault, said).stored]

    def look(tx: Tx, talk: str) -> rows.Turned:
        found = turns.look(tx, talk, pause=NO_PAUSE, longest=NO_PAUSE)
        assert found is not None
        turned = rows.seen(tx, vault, found, a_rulebook())
        assert isinstance(turned, rows.Turned)
        return turned

    def write(tx: Tx, turned: rows.Turned) -> str:
        outcome = decide(turned.context, None, a_rulebook(), now=tx.now)
        records.write(tx, vault, a_rulebook(), turned, None, outcome, channels={})
        return outcome.replies[0].text

    talks = await database.write(arrive)
    first = await database.write(lambda tx: look(tx, talks[0]))
    second = await database.write(lambda tx: look(tx, talks[1]))
    assert "林溪" in await database.write(lambda tx: write(tx, first))
    with pytest.raises(Stale):
        await database.write(lambda tx: write(tx, second))
    again = await database.write(lambda tx: look(tx, talks[1]))
    told = await database.write(lambda tx: write(tx, again))
    assert told == a_rulebook().replies.invite_bad


async def test_whoever_opens_a_link_and_goes_on_talking_is_bound_at_once_and_then_heard(
    database: Database, clock: FakeClock
) -> None:
    vault = Vault(Keystore.generate())

    def arrive(tx: Tx) -> intake.Taken:
        candidate = people.create_candidate(tx, vault, SYSTEM, name="林溪", stage=Stage.OFFER)
        invites.create_invite(
            tx, vault, token=TOKEN, purpose=InvitePurpose.CHAT, lifetime=timedelta(days=1),
            created_by="test", channel="telegram", candidate_id=candidate,
        )  # fmt: skip
        said = [
            intake.NewMessage(
                channel="telegram", address="700", external_id=text,
                kind=MessageKind.TEXT, text=text, sent_at=tx.now,
            )
            for text in (f"/start {TOKEN}", "你好", "我想问下入职")
        ]  # fmt: skip
        return intake.take(tx, vault, said)

    def turn(tx: Tx) -> rows.Turned | rows.Waiting | None:
        found = turns.look(tx, talk, pause=PAUSE, longest=PAUSE * 4)
        turned = rows.seen(tx, vault, found, a_rulebook()) if found else None
        if isinstance(turned, rows.Turned):
            outcome = decide(turned.context, None, a_rulebook(), now=tx.now)
            records.write(tx, vault, a_rulebook(), turned, None, outcome, channels={})
        return turned

    taken = await database.write(arrive)
    [talk] = taken.urgent
    opened = await database.write(turn)
    assert isinstance(opened, rows.Turned)
    assert opened.context.text == f"/start {TOKEN}"
    assert isinstance(await database.write(turn), rows.Waiting)
    clock.advance(PAUSE)
    heard = await database.write(turn)
    assert isinstance(heard, rows.Turned)
    assert heard.context.candidate is not None
    assert heard.context.text == "你好\n我想问下入职"
