"""A company on DingTalk: its running product, and one HR with a phone."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import httpx2

from bot.app import App, build
from bot.channels.dingtalk_sign import robot_sign
from bot.messages import Address, Inbound, Received
from bot.serving import site_of
from bot.web.server import create
from config.settings import DingtalkSettings, Settings
from nlp.reading import Reading, Utterance
from storage.database import Tx
from storage.enums import InvitePurpose, MessageKind, Role, Stage
from storage.queries import alerts, backfill, invites, people, users
from storage.queries.common import table
from storage.tables import Message
from storage.viewer import SYSTEM, Viewer
from tests.doubt import DoubtReader
from tests.fakes.dingtalk import FakeDingTalk, Member

NAME = "张三丰"


class Reader(DoubtReader):
    """Reads in this process; ``gate`` holds it up."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.reading = asyncio.Event()

    async def start(self) -> None: ...
    async def stop(self) -> None: ...

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        self.reading.set()
        await self.gate.wait()
        return await super().read(batch)


@dataclass(kw_only=True)
class Floor:
    """A company on DingTalk: its running product, and one HR with a phone."""

    fake: FakeDingTalk
    app: App
    reader: Reader
    hr: Viewer
    li: Member
    candidates: list[str] = field(default_factory=list)

    async def write(self, work: Any) -> Any:
        return await self.app.database.write(work)

    async def candidate(self, name: str = NAME, start_on: date | None = None) -> str:
        """A candidate of the HR's on the chat page; their address there."""
        address = f"w_{len(self.candidates)}"

        def work(tx: Tx) -> None:
            vault = self.app.road.vault
            made = people.create_candidate(
                tx, vault, self.hr, name=name, stage=Stage.OFFER, owner_id=self.hr.id,
                start_on=start_on,
            )  # fmt: skip
            backfill.talk(tx, vault, candidate_id=made, channel="webchat", address=address)

        await self.write(work)
        self.candidates.append(address)
        return address

    async def hears(self, address: str, text: str) -> None:
        """A candidate says something."""
        message = Inbound(
            external_id=f"{address}:{text}", sender=Address("webchat", address),
            kind=MessageKind.TEXT, text=text, sent_at=self.app.road.now(),
        )  # fmt: skip
        await self.app.door.accept(Received(messages=(message,)))

    async def alerts(self, count: int = 1) -> list[Any]:
        """The alerts, once there are so many."""
        vault, database = self.app.road.vault, self.app.database
        async with asyncio.timeout(15):
            while True:
                found = await database.read(lambda tx: alerts.page(tx, vault, SYSTEM, limit=9))
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.02)

    async def stored(self, status: str = "") -> list[str]:
        """Ids of what came over DingTalk."""
        message = table(Message)
        wanted = message.select().where(
            message.c.channel == "dingtalk", message.c.direction == "inbound"
        )
        rows = await self.app.database.read(lambda tx: tx.all(wanted))
        return [row.external_id for row in rows if status in ("", row.status)]

    async def answered(self, count: int) -> list[str]:
        """Ids of what came over DingTalk, once so many were decided."""
        async with asyncio.timeout(10):
            while len(done := await self.stored("done")) < count:  # noqa: ASYNC110 - in a database
                await asyncio.sleep(0.02)
        return done

    async def said(self, count: int, member: Member | None = None) -> list[str]:
        """What the robot said to somebody alone, once it is so many."""
        reader = member or self.li

        def alone() -> list[str]:
            return [one.text for one in reader.chat() if one.from_robot]

        await self.fake.until(lambda: len(alone()) >= count, timeout=15)
        return alone()


async def bound(floor: Floor) -> None:
    """The HR opens the invite and sends the line to the robot."""
    token = "invite-of-the-hr-0123456789"

    def invite(tx: Tx) -> None:
        invites.create_invite(
            tx, floor.app.road.vault, token=token, purpose=InvitePurpose.CHAT, channel="dingtalk",
            lifetime=timedelta(days=1), created_by="test", user_id=floor.hr.id,
        )  # fmt: skip

    await floor.write(invite)
    floor.li.say(f"/start {token}")
    [hello] = await floor.said(1)
    assert "已与一诺控制台关联" in hello


@asynccontextmanager
async def running(settings: Settings, fake: FakeDingTalk, **more: Any) -> AsyncIterator[Floor]:
    """The product on DingTalk; ``more`` are its settings there."""
    given = {
        "client_id": fake.app.client_id,
        "client_secret": fake.app.client_secret,
        "api_base": fake.api_base,
        "oapi_base": fake.oapi_base,
        **more,
    }
    section = DingtalkSettings.model_validate(given)
    app = build(settings.model_copy(update={"dingtalk": section}))
    reader = Reader()
    app.road.reader = app.reader = reader  # type: ignore[assignment] # no process of its own
    app.road.pause = app.road.longest = timedelta(0)
    user_id = await app.database.write(
        lambda tx: users.create_user(tx, login="li", name="李HR", role=Role.HR)
    )
    hr = Viewer.of_user(user_id, "李HR", Role.HR)
    floor = Floor(fake=fake, app=app, reader=reader, hr=hr, li=fake.member("u1", "李HR"))
    await app.start()
    try:
        if more.get("mode") != "http":
            await fake.until(lambda: fake.connections)
        yield floor
    finally:
        reader.gate.set()
        await app.stop()


def said_by(who: str, text: str, **more: Any) -> bytes:
    body = {
        "conversationId": "cidX==", "conversationType": "1", "msgId": "msgA==",
        "senderStaffId": who, "createAt": 1790000000000, "msgtype": "text",
        "text": {"content": text}, **more,
    }  # fmt: skip
    return json.dumps(body, ensure_ascii=False).encode()


@asynccontextmanager
async def calling(floor: Floor) -> AsyncIterator[Any]:
    """Calls the product as the platform would, signed ``at`` milliseconds from now."""
    transport = httpx2.ASGITransport(create(site_of(floor.app)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http:
        began = int(time.time() * 1000)

        async def call(body: bytes, at: int = 0, **more: str) -> httpx2.Response:
            moment = str(began + at)
            sign = robot_sign(floor.fake.app.client_secret, moment)
            headers = {"timestamp": moment, "sign": sign} | more
            raw = [(name.encode(), value.encode()) for name, value in headers.items()]
            return await http.post("/hooks/dingtalk", content=body, headers=raw)

        yield call
