"""One invite, two chats at the same moment: one is bound, the other is told the link is used."""

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

TOKEN = "one-invite-for-two-chats-0123456789"
NO_PAUSE = timedelta()


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
        turned = rows.seen(tx, vault, found)
        assert isinstance(turned, rows.Turned)
        return turned

    def write(tx: Tx, turned: rows.Turned) -> str:
        outcome = decide(turned.context, None, a_rulebook(), now=tx.now)
        records.write(tx, vault, turned, None, outcome, channels=())
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
