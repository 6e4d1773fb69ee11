"""The candidate's stream: what was missed comes first, and a hint while an answer is on its way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bot import attachments, desk
from bot.messages import Address, Inbound, Media, Received
from bot.web.chat import live
from bot.web.limits import Buckets
from storage.database import Tx
from storage.enums import MediaKind, MessageKind, MessageStatus, Role
from storage.queries import changes, media
from storage.queries.common import table, update
from storage.tables import Attachment, Conversation, Message
from tests.integration.web.conftest import Office, events_of, running, viewer

FAST = Buckets(rate=1000, burst=1000)


async def first(
    office: Office, token: str, count: int, *, wanted: str = "message", **query: Any
) -> list[Any]:
    """The first events of a name that a new stream tells."""
    headers = {"Last-Event-ID": query.pop("last")} if "last" in query else {}
    told: list[Any] = []
    path = f"/chat/{token}/events"
    async with office.http.stream("GET", path, headers=headers, params=query) as stream:
        async for name, data, _ in events_of(stream):
            told += [json.loads(data)] if name == wanted else []
            if len(told) == count:
                break
    return told


async def test_a_stream_goes_on_where_the_last_one_broke_off_however_long_ago(
    database_url: str, tmp_path: Path
) -> None:
    async with running(database_url, tmp_path, alone=True, chat_pace=FAST) as office:
        token = await office.chat(await office.candidate())
        total = live.REPLAYED + live.STRETCH + 30
        ids = []
        for n in range(total):
            sent = await office.http.post(f"/chat/{token}/messages", json={"text": f"第{n}句"})
            ids.append(sent.json()["id"])
        latest = ids[-live.REPLAYED :]
        for how in ("last", "after"):
            missed = await first(office, token, total - 6, **{how: ids[5]})
            assert [one["id"] for one in missed] == ids[6:]
            lately = await first(office, token, live.REPLAYED, **{how: ids[-10]})
            assert [one["id"] for one in lately] == latest
            unknown = await first(office, token, live.REPLAYED, **{how: "m_none"})
            assert [one["id"] for one in unknown] == latest


async def test_an_answer_that_was_long_on_its_way_is_not_missed(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    candidate = await office.candidate()
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": "在吗"})
    late = await desk.reply(office.road, viewer(hr), candidate, "稍等", cause="c1")
    sent = await office.http.post(f"/chat/{token}/messages", json={"text": "好"})
    seen = sent.json()["id"]  # the page has heard of this one, and not of the answer before it

    async def told() -> bool:
        everything = await first(office, token, 3, last=seen)
        return late in {one["id"] for one in everything}

    await office.until(told)


async def set_talk(office: Office, **values: Any) -> None:
    def work(tx: Tx) -> None:
        update(tx, Conversation, table(Conversation).c.id.is_not(None), **values)

    await office.write(work)


async def test_the_page_is_told_while_a_message_is_being_read(
    database_url: str, tmp_path: Path
) -> None:
    async with running(database_url, tmp_path, alone=True) as office:
        token = await office.chat(await office.candidate())
        path = f"/chat/{token}/messages"
        assert (await office.http.get(path)).json()["answering"] is False
        heard: list[bool] = []

        async def listen() -> None:
            async with office.http.stream("GET", f"/chat/{token}/events") as stream:
                async for name, data, _ in events_of(stream):
                    heard.extend([json.loads(data)] if name == "answering" else [])

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.8)
        await office.http.post(path, json={"text": "我想问一下"})

        async def hears(*expected: bool) -> bool:
            return heard == list(expected)

        await office.until(lambda: hears(True))
        assert (await office.http.get(path)).json()["answering"] is True
        assert await first(office, token, 1, wanted="answering") == [True]

        def read(tx: Tx) -> None:
            update(tx, Message, table(Message).c.id > 0, status=MessageStatus.DONE.value)

        await office.write(read)
        await office.until(lambda: hears(True, False))
        assert (await office.http.get(path)).json()["answering"] is False
        listening.cancel()


async def test_while_a_person_has_taken_over_no_answer_is_promised(
    database_url: str, tmp_path: Path
) -> None:
    async with running(database_url, tmp_path, alone=True) as office:
        token = await office.chat(await office.candidate())
        await office.http.post(f"/chat/{token}/messages", json={"text": "我想问一下"})
        [talk] = await office.road.database.read(
            lambda tx: [row.id for row in tx.all(table(Conversation).select())]
        )

        async def answering() -> set[str]:
            return await office.road.database.read(lambda tx: changes.answering(tx, [talk]))

        assert await answering() == {talk}
        await set_talk(office, muted=True)
        assert await answering() == set()

        def queue(tx: Tx) -> None:
            update(tx, Message, table(Message).c.id > 0, status=MessageStatus.QUEUED.value)

        await office.write(queue)
        assert await answering() == {talk}


async def test_a_stream_says_at_once_that_it_gets_through(small_office: Office) -> None:
    token = await small_office.chat(await small_office.candidate())
    assert await first(small_office, token, 1, wanted="here") == [1]


async def test_a_file_is_sent_once_its_bytes_are_kept_and_the_page_is_told(
    database_url: str, tmp_path: Path
) -> None:
    """As when the server was killed between a file's message and its bytes."""
    async with running(database_url, tmp_path, alone=True) as office:
        token = await office.chat(await office.candidate())
        [talk] = await office.road.database.read(lambda tx: tx.all(table(Conversation).select()))
        for name in ("f-1", "f-2"):
            carried = Media(id=name, kind=MediaKind.FILE, name="简历.pdf", size=9, here=True)
            message = Inbound(
                external_id=f"{talk.identity_id}:{name}",
                sender=Address("webchat", talk.address),
                kind=MessageKind.UNSUPPORTED,
                text="[文件] 简历.pdf",
                sent_at=office.road.now(),
                media=(carried,),
            )
            await office.site.door.accept(Received(messages=(message,)))

        async def states() -> list[str]:
            got = await office.http.get(f"/chat/{token}/messages")
            return [one["state"] for one in got.json()["items"]]

        assert await states() == ["sending", "sending"]
        assert "发送中" in (await office.http.get(f"/chat/{token}")).text
        told: list[tuple[str, str]] = []

        async def listen() -> None:
            async with office.http.stream("GET", f"/chat/{token}/events") as stream:
                async for name, data, _ in events_of(stream):
                    if name == "message":
                        one = json.loads(data)
                        told.append((one["client_id"], one["state"]))

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0.8)
        found = await office.road.database.read(
            lambda tx: [
                media.attachment(tx, office.road.vault, row.id)
                for row in tx.all(table(Attachment).select().order_by(table(Attachment).c.id))
            ]
        )
        kept, lost = sorted(found, key=lambda one: one.ref)

        async def bytes_() -> AsyncIterator[bytes]:
            yield b"%PDF-1.7\n"

        await attachments.keep(office.road, kept, bytes_())
        await office.write(lambda tx: media.gone(tx, lost.id, error="x"))

        async def settled() -> bool:
            return {("f-1", "sent"), ("f-2", "failed")} <= set(told)

        await office.until(settled)
        assert told[:2] == [("f-1", "sending"), ("f-2", "sending")]
        assert await states() == ["sent", "failed"]
        listening.cancel()
