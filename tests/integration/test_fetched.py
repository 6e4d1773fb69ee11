"""Files that a platform holds: fetched, named, had later, or given up."""

from __future__ import annotations

import asyncio
import random

import pytest

from bot import attachments
from bot.errors import GiveUp, NotFound, TryLater
from bot.messages import Media
from storage.database import Tx
from storage.enums import MediaKind, MediaState
from storage.queries import media
from storage.queries.common import table
from storage.queries.media import Attached
from storage.tables import AttachmentPart, Message
from tests.integration.town import Town


async def attached(town: Town, name: str = "王小明简历.pdf") -> Attached:
    resume = Media(id="MID-1", kind=MediaKind.FILE, name=name, size=0)
    await town.hear(town.message(1, "[文件]", media=(resume,)))
    return await seen(town)


async def seen(town: Town) -> Attached:
    def look(tx: Tx) -> Attached:
        [uid] = [row.uid for row in tx.all(table(Message).select())]
        [found] = media.of_messages(tx, town.road.vault, [uid])
        return found

    return await town.database.read(look)


async def settled(town: Town, state: MediaState) -> Attached:
    for _ in range(1500):
        found = await seen(town)
        if found.state is state:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(found.state)


async def test_a_file_is_fetched_and_comes_back_as_it_was(town: Town) -> None:
    data = random.Random(1).randbytes(700_000)
    town.post.files["MID-1"] = [data[at : at + 50_001] for at in range(0, len(data), 50_001)]
    await attached(town)
    found = await settled(town, MediaState.KEPT)
    assert (found.name, found.kind, found.size) == ("王小明简历.pdf", MediaKind.FILE, len(data))
    assert b"".join([part async for part in attachments.stream(town.road, found)]) == data
    parts = await town.database.read(lambda tx: tx.all(table(AttachmentPart).select()))
    assert len(parts) == 3
    assert not any(data[:40] in bytes(part.sealed) for part in parts)


async def test_a_file_gets_the_name_that_came_with_its_bytes(town: Town) -> None:
    town.post.files["MID-1"] = [b"%PDF-"]
    town.post.names["MID-1"] = "李娜-简历.pdf"
    await attached(town, name="")
    await settled(town, MediaState.KEPT)
    for _ in range(1500):
        if (found := await seen(town)).name:
            break
        await asyncio.sleep(0.02)
    assert found.name == "李娜-简历.pdf"


async def test_a_file_that_cannot_be_had_now_is_had_later(town: Town) -> None:
    town.post.files["MID-1"] = [b"x"]
    town.post.broken = TryLater("busy")
    await attached(town)
    await asyncio.sleep(0.2)
    assert (await seen(town)).state is MediaState.NEW
    town.post.broken = None
    await settled(town, MediaState.KEPT)


@pytest.mark.parametrize("why", ["gone", "large"])
async def test_a_file_that_will_never_come_is_marked(town: Town, why: str) -> None:
    if why == "gone":
        town.post.broken = GiveUp("文件已过期")
    else:
        town.post.files["MID-1"] = [bytes(1024 * 1024)] * 21
    await attached(town)
    found = await settled(town, MediaState.GONE)
    assert await town.database.read(lambda tx: tx.all(table(AttachmentPart).select())) == []
    with pytest.raises(NotFound):
        [part async for part in attachments.stream(town.road, found)]
