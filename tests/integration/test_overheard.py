"""Chats of a colleague that we listen to: read and alarmed about, and never a word of ours in them.

The platform is a few lists in memory behind the ``Channel`` seam, with addresses ``own/…`` at which
it only listens; Telegram's business connections are tested with the real protocol.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot import desk as deeds
from bot import pipeline, saying
from bot.delivery import LISTENED, ChannelDelivery
from bot.errors import Conflict
from bot.messages import Address, Aside, Inbound, Overheard, Received
from scheduler.sender import Outlet, Sender
from storage.database import Tx
from storage.enums import Author, InvitePurpose, MessageKind, Stage
from storage.queries import alerts, backfill, intake, invites, outbox, people, timeline
from storage.queries.common import table, update
from storage.tables import Conversation, Identity, Message, Outbox, Scheduled, User
from storage.viewer import SYSTEM
from tests.integration.hr import Desk
from tests.integration.post import LIMITS, Post

HR, LI, OWN = "hr", "li", "own/hr/li"
HEARD = Overheard(host=Address("post", HR), person=Address("post", LI))
DOUBTS = "我再考虑考虑，薪资还是低了"


class Ear:
    """王敏 and 李娜 on one platform: each with the bot, and with each other."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.road, self.said = desk, desk.road, 0
        self.post = Post(desk.road.now, limits=replace(LIMITS, windows={}, listens=("own/",)))
        channels: dict[str, Any] = {**desk.road.channels, "post": self.post}
        desk.road.channels = channels
        delivery = ChannelDelivery(desk.road, self.post)
        outlets = {"post": Outlet(delivery=delivery, rate=100, burst=100, dedupes=True)}
        self.sender = Sender(
            desk.road.database, desk.road.engine, outlets, owner="t", now=desk.road.now
        )

        def work(tx: Tx) -> str:
            intake.open_conversation(tx, desk.road.vault, "post", HR)
            self._bind(tx, HR, user_id=desk.hr.id)
            made = people.create_candidate(
                tx, desk.road.vault, desk.hr, name="李娜", stage=Stage.OFFER, owner_id=desk.hr.id
            )
            intake.open_conversation(tx, desk.road.vault, "post", LI, candidate_id=made)
            return made

        self.li: str = desk.write(work)

    @staticmethod
    def _bind(tx: Tx, address: str, **who: Any) -> None:
        update(tx, Identity, table(Identity).c.address == address, **who)

    def bind(self, address: str, **who: Any) -> None:
        self.desk.write(lambda tx: self._bind(tx, address, **who))

    def message(self, text: str = DOUBTS, **changes: Any) -> Inbound:
        self.said += 1
        made = Inbound(
            external_id=f"o{self.said}", sender=Address("post", OWN), kind=MessageKind.TEXT,
            text=text, sent_at=self.road.now(), overheard=HEARD,
        )  # fmt: skip
        return replace(made, **changes)

    def aside(self, text: str = "我去问问老板") -> Aside:
        self.said += 1
        return Aside(
            external_id=f"o{self.said}", to=Address("post", OWN), by=HR, text=text,
            sent_at=self.road.now(), overheard=HEARD,
        )  # fmt: skip

    async def hear(self, *told: Inbound | Aside) -> None:
        """Something happens in the chat of the two; all that it leads to leaves."""
        for one in told:
            messages = (one,) if isinstance(one, Inbound) else ()
            asides = (one,) if isinstance(one, Aside) else ()
            await self.desk.app.door.accept(Received(messages=messages, asides=asides))
        talk = await self.talk()
        if talk is not None:
            await pipeline.handle(self.road, talk.id)
        await self.sender.woken("post")

    async def talk(self) -> Any:
        here = table(Conversation)
        return await self.road.database.read(
            lambda tx: tx.first(here.select().where(here.c.address == OWN))
        )

    async def rows(self, model: Any) -> list[Any]:
        return await self.road.database.read(
            lambda tx: tx.all(table(model).select().order_by(table(model).c.id))
        )

    async def timeline(self) -> list[tuple[str, str, str]]:
        rows = await self.road.database.read(
            lambda tx: timeline.timeline(tx, self.road.vault, self.desk.hr, self.li)
        )
        return [(row.author.value, row.author_name, row.text) for row in rows]

    async def alerts(self) -> list[Any]:
        return await self.road.database.read(
            lambda tx: alerts.page(tx, self.road.vault, SYSTEM, limit=9)
        )

    async def sent_to(self) -> list[str]:
        """Addresses of everything in the outbox."""
        talks = {row.id: row.address for row in await self.rows(Conversation)}
        return [talks[row.conversation_id] for row in await self.rows(Outbox)]


@pytest.fixture
def ear(hr_desk: Desk) -> Ear:
    return Ear(hr_desk)


async def test_what_a_candidate_says_there_alarms_hr_and_is_not_answered(ear: Ear) -> None:
    await ear.hear(ear.message())
    [alert] = await ear.alerts()
    assert (alert.candidate_id, alert.topic) == (ear.li, "salary")
    assert alert.quote in DOUBTS
    assert await ear.sent_to() == [HR]
    assert len(ear.post.said) == 1
    assert await ear.timeline() == [("candidate", "", DOUBTS)]
    assert await ear.rows(Scheduled) == []  # nobody promised an answer


async def test_the_same_words_said_to_the_bot_are_answered(ear: Ear) -> None:
    """The test above can fail."""
    own = ear.message(sender=Address("post", LI), overheard=None)
    await ear.desk.app.door.accept(Received(messages=(own,)))
    [talk] = [row for row in await ear.rows(Conversation) if row.address == LI]
    await pipeline.handle(ear.road, talk.id)
    assert sorted(await ear.sent_to()) == [HR, LI, LI]


@pytest.mark.parametrize("text", ["转人工", "我的进度", "帮助", "/start", "薪资多少？", "你好"])
async def test_no_word_there_is_a_command(ear: Ear, text: str) -> None:
    await ear.hear(ear.message(text))
    assert OWN not in await ear.sent_to()
    talk = await ear.talk()
    assert (talk.muted, talk.state) == (False, {})
    assert [row.kind for row in await ear.rows(Scheduled)] == []
    assert [row.status for row in await ear.rows(Message)] == ["done"]


async def test_an_invite_that_is_pasted_there_binds_nobody(ear: Ear) -> None:
    token = "pasted-into-a-colleagues-own-chat-00000"
    ear.desk.write(
        lambda tx: invites.create_invite(
            tx, ear.road.vault, token=token, purpose=InvitePurpose.CHAT,
            lifetime=timedelta(days=1), created_by="test", channel="post", user_id=ear.desk.hr.id,
        )
    )  # fmt: skip
    await ear.hear(ear.message(f"/start {token}"))
    [bound] = [row for row in await ear.rows(Identity) if row.address == OWN]
    assert (bound.candidate_id, bound.user_id) == (ear.li, None)
    found = await ear.road.database.read(
        lambda tx: invites.find_invite(tx, token, InvitePurpose.CHAT, channel="post")
    )
    assert found is not None


async def test_what_the_colleague_writes_is_the_colleagues_and_mutes_nobody(ear: Ear) -> None:
    await ear.hear(ear.message("薪资能谈吗"), ear.aside("我去问问老板"))
    assert (await ear.timeline())[-1] == ("hr", "王敏", "我去问问老板")
    assert [row.muted for row in await ear.rows(Conversation)] == [False] * 3
    assert ear.desk.hr.name == "王敏"


async def test_the_first_word_may_be_the_colleagues(ear: Ear) -> None:
    await ear.hear(ear.aside("offer 考虑得怎么样了？"), ear.message("再考虑考虑"))
    assert [author for author, _, _ in await ear.timeline()] == ["hr", "candidate"]
    assert len(await ear.alerts()) == 1


@pytest.mark.parametrize(
    "who", ["nobody", "candidate", "disabled", "unknown_person", "colleague_person", "gone_person"]
)
async def test_a_chat_between_any_others_leaves_no_trace(
    ear: Ear, who: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The one side has to be one of ours, the other a candidate."""
    gone = {"erased_at": ear.road.now()}
    match who:
        case "nobody":
            ear.bind(HR, user_id=None)
        case "candidate":
            ear.bind(HR, user_id=None, candidate_id=ear.li)
        case "disabled":
            where = table(User).c.id == ear.desk.hr.id
            ear.desk.write(lambda tx: update(tx, User, where, disabled_at=ear.road.now()))
        case "unknown_person":
            ear.bind(LI, candidate_id=None)
        case "colleague_person":
            ear.bind(LI, candidate_id=None, user_id=ear.desk.hr.id)
        case "gone_person":
            one = people.CANDIDATE.c.id == ear.li
            ear.desk.write(lambda tx: update(tx, people.Candidate, one, **gone))
    before = len(await ear.rows(Conversation))
    await ear.hear(ear.message("妈，我晚上回家"), ear.aside("好的妈"))
    assert await ear.rows(Message) == []
    assert len(await ear.rows(Conversation)) == before
    assert await ear.alerts() == []
    assert "overheard.ignored" in (written := caplog.text + "".join(capfd.readouterr()))
    assert "妈" not in written


async def test_who_becomes_known_is_heard_from_then_on(ear: Ear) -> None:
    ear.bind(LI, candidate_id=None)
    await ear.hear(ear.message("之前说的"))
    ear.bind(LI, candidate_id=ear.li)
    await ear.hear(ear.message("之后说的"))
    assert [text for _, _, text in await ear.timeline()] == ["之后说的"]


async def test_a_refused_chat_does_not_hold_up_what_came_with_it(ear: Ear) -> None:
    ear.bind(HR, user_id=None)
    own = ear.message("说给一诺听的", sender=Address("post", LI), overheard=None)
    stored = await ear.desk.app.door.accept(Received(messages=(ear.message(), own)))
    assert len(stored) == 1
    assert len(await ear.rows(Message)) == 1


async def test_the_same_message_again_is_one(ear: Ear) -> None:
    message, aside = ear.message(), ear.aside()
    await ear.hear(message, aside, message, aside)
    assert len(await ear.timeline()) == 2
    assert len(await ear.alerts()) == 1


async def test_a_reply_from_the_console_goes_to_the_chat_with_the_bot(ear: Ear) -> None:
    ear.post.clock = ear.road.now
    await ear.hear(ear.message())  # the newest conversation is the one we only listen to
    await deeds.reply(ear.road, ear.desk.hr, ear.li, "我们来谈谈", cause="1")
    assert (await ear.sent_to())[-1] == LI


async def test_a_candidate_we_only_overhear_cannot_be_written_to(ear: Ear) -> None:
    await ear.hear(ear.message())

    def work(tx: Tx) -> None:
        other = people.create_candidate(
            tx, ear.road.vault, ear.desk.hr, name="别人", stage=Stage.OFFER
        )
        Ear._bind(tx, LI, candidate_id=other)

    ear.desk.write(work)
    with pytest.raises(Conflict):
        await deeds.reply(ear.road, ear.desk.hr, ear.li, "我们来谈谈", cause="1")
    assert OWN not in await ear.sent_to()


async def test_whatever_is_meant_for_such_a_chat_is_refused_and_says_why(ear: Ear) -> None:
    """A survey, a consent, a reply of some later flow: delivery is the last door."""
    await ear.hear(ear.message("你好"))

    def work(tx: Tx) -> None:
        talk = backfill.talk(tx, ear.road.vault, candidate_id=ear.li, channel="post", address=OWN)
        key = ear.road.vault.key(tx, talk.subject_id)
        sends = saying.said_by_us(tx, key, talk, idem="x", text="请填问卷", author=Author.BOT)
        outbox.enqueue(tx, sends)

    ear.desk.write(work)
    await ear.sender.woken("post")
    [row] = await ear.rows(Outbox)
    assert (row.status, row.error) == ("dead", LISTENED)
    assert ear.post.said == []
    [said] = [one for one in await ear.rows(Message) if one.direction == "outbound"]
    assert said.status == "dead"
