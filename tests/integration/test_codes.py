"""One-time codes: typed in any channel, good once, and worth nothing to whoever guesses."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot import records, rows
from bot.conversation.router import decide
from bot.turn import Outcome
from storage.crypto import Keystore
from storage.database import Database, Tx
from storage.enums import MessageKind, Stage
from storage.errors import Stale
from storage.queries import audit, codes, intake, invites, people, turns
from storage.queries.common import table
from storage.tables import Invite
from storage.vault import Vault
from storage.viewer import SYSTEM
from tests.builders import a_rulebook
from tests.clock import FakeClock

BOOK = a_rulebook()
NONE = "ACDE-3467"


@dataclass
class Counter:
    """A desk that makes codes and strangers who type them."""

    database: Database
    vault: Vault
    said: int = 0

    async def code(self, name: str = "林溪") -> tuple[str, str]:
        """A candidate and their code."""

        def work(tx: Tx) -> tuple[str, str]:
            who = people.create_candidate(tx, self.vault, SYSTEM, name=name, stage=Stage.OFFER)
            return who, codes.create(tx, self.vault, who, created_by="u_1")[0]

        return await self.database.write(work)

    async def arrive(self, text: str, channel: str, address: str) -> str:
        self.said += 1
        number = f"{channel}{address}{self.said}"

        def work(tx: Tx) -> str:
            message = intake.NewMessage(
                channel=channel, address=address, external_id=number,
                kind=MessageKind.TEXT, text=text, sent_at=tx.now,
            )  # fmt: skip
            return intake.take(tx, self.vault, [message]).stored[0].conversation_id

        return await self.database.write(work)

    async def look(self, talk: str) -> rows.Turned:
        def work(tx: Tx) -> rows.Turned:
            found = turns.look(tx, talk, pause=timedelta(), longest=timedelta())
            assert found is not None
            turned = rows.seen(tx, self.vault, found, BOOK)
            assert isinstance(turned, rows.Turned)
            return turned

        return await self.database.write(work)

    async def record(self, turned: rows.Turned) -> Outcome:
        def work(tx: Tx) -> Outcome:
            outcome = decide(turned.context, None, BOOK, now=tx.now)
            records.write(tx, self.vault, BOOK, turned, None, outcome, channels={})
            return outcome

        return await self.database.write(work)

    async def types(self, text: str, address: str = "700", channel: str = "telegram") -> Outcome:
        """What the bot makes of a message."""
        return await self.record(await self.look(await self.arrive(text, channel, address)))

    async def who(self, address: str, channel: str = "telegram") -> str | None:
        found = await self.database.read(lambda tx: invites.bound(tx, channel, address))
        return None if found is None else found.candidate_id


@pytest.fixture
def counter(database: Database) -> Counter:
    return Counter(database, Vault(Keystore.generate()))


def test_codes_have_nothing_in_them_that_looks_alike() -> None:
    assert not set(codes.ALPHABET) & set("0O1IL2Z5S8BUV")
    assert len(set(codes.ALPHABET)) == len(codes.ALPHABET)
    assert len(codes.ALPHABET) ** codes.LENGTH > 10**10


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ACDE-3467", "ACDE3467"),
        ("acde3467", "ACDE3467"),
        ("ＡＣＤＥ－３４６７", "ACDE3467"),
        ("绑定码：acde 3467。", "ACDE3467"),
        ("我的码是ACDE3467", None),
        ("ACDE346", None),
        ("ACDE34677", None),
        ("ACDE3460", None),
        ("你好", None),
        ("", None),
        ("ACDE3467" * 9, None),
        ("АCDE3467", None),  # the first is Cyrillic
    ],
)
def test_what_is_a_code(text: str, code: str | None) -> None:
    assert codes.typed(text) == code


async def test_a_code_makes_its_candidate_known_in_any_channel_and_once(counter: Counter) -> None:
    who, code = await counter.code()
    outcome = await counter.types(f"{code[:4].lower()}-{code[4:]}", "zhang", "wecom")
    assert "林溪" in outcome.replies[0].text
    assert await counter.who("zhang", "wecom") == who
    again = await counter.types(code, "701", "dingtalk")
    assert again.replies[0].text == BOOK.replies.code_bad
    assert await counter.who("701", "dingtalk") is None
    links = await counter.database.read(lambda tx: tx.all(audit.AUDIT.select()))
    assert [row.action for row in links] == ["identity.bind"]


async def test_the_same_name_elsewhere_stays_somebody_else(counter: Counter) -> None:
    who, code = await counter.code()
    strangers = [
        ("dingtalk", "zhang"),
        ("wecom", "Zhang"),
        ("wecom", "ｚｈａｎｇ"),
        ("feishu", "zhang"),
    ]
    for channel, address in strangers:
        await counter.types("我是林溪", address, channel)
    await counter.types(code, "zhang", "wecom")
    assert await counter.who("zhang", "wecom") == who
    for channel, address in strangers:
        assert await counter.who(address, channel) is None
    asked = await counter.types("我是林溪，帮我绑定", "zhang", "dingtalk")
    assert asked.bind is None


@pytest.mark.parametrize("what", ["wrong", "old", "replaced", "used", "revoked"])
async def test_whatever_is_wrong_with_a_code_the_answer_is_the_same(
    counter: Counter, clock: FakeClock, what: str
) -> None:
    who, code = await counter.code()
    if what == "wrong":
        code = NONE
    elif what == "old":
        clock.advance(codes.LIFETIME)
    elif what == "replaced":
        await counter.database.write(
            lambda tx: codes.create(tx, counter.vault, who, created_by="u_1")
        )
    elif what == "used":
        await counter.types(code, "999")
    else:
        await counter.database.write(lambda tx: invites.revoke(tx, who, codes.InvitePurpose.CODE))
    outcome = await counter.types(code)
    assert [reply.text for reply in outcome.replies] == [BOOK.replies.code_bad]
    assert (outcome.bind, outcome.wrong_code) == (None, True)
    assert await counter.who("700") is None


async def test_after_five_wrong_ones_the_right_one_is_worth_nothing_for_a_day(
    counter: Counter, clock: FakeClock
) -> None:
    who, code = await counter.code()
    for _ in range(codes.MOST_EACH):
        await counter.types(NONE)
    late = await counter.types(code)
    assert [reply.text for reply in late.replies] == [BOOK.replies.code_bad]
    assert await counter.who("700") is None
    await counter.types(code, "701")
    assert await counter.who("701") == who, "others are not held up by one who guesses"
    clock.advance(timedelta(days=1, seconds=1))
    _, fresh = await counter.code("李四")
    await counter.types(fresh)
    assert await counter.who("700") is not None


async def test_many_who_guess_are_held_up_together(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "MOST_ALL", 6)
    _, code = await counter.code()
    for number in range(6):
        await counter.types(NONE, f"9{number}")
    await counter.types(code, "700")
    assert await counter.who("700") is None


async def test_two_who_type_it_at_once_are_one_candidate_and_one_stranger(
    counter: Counter,
) -> None:
    who, code = await counter.code()
    talks = [await counter.arrive(code, "telegram", address) for address in ("700", "701")]
    turned = [await counter.look(talk) for talk in talks]
    done = await asyncio.gather(*map(counter.record, turned), return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Outcome", "Stale"]
    loser = talks[[isinstance(one, Stale) for one in done].index(True)]
    told = await counter.record(await counter.look(loser))
    assert told.replies[0].text == BOOK.replies.code_bad
    bound = [await counter.who("700"), await counter.who("701")]
    assert sorted(map(str, bound)) == sorted(["None", who])


async def test_somebody_we_know_is_not_bound_to_another(counter: Counter) -> None:
    who, first = await counter.code()
    await counter.types(first)
    _, second = await counter.code("李四")
    outcome = await counter.types(second)
    assert outcome.bind is None
    assert await counter.who("700") == who


async def test_the_code_itself_is_nowhere_in_the_database(counter: Counter) -> None:
    _, code = await counter.code()
    rows_: list[Any] = await counter.database.read(lambda tx: tx.all(table(Invite).select()))
    [row] = rows_
    assert code not in str(tuple(row))
    assert row.token_hash != invites.token_hash(code)
    assert row.channel is None
