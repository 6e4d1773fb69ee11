"""Fetching what people attached: from their platform into our sealed parts.

A file that cannot be had now is asked for again: in growing pauses while it is young, then by the
clock's job ``fetch``, and after a week no more. Nothing is kept of what does not come whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta
from functools import partial

import structlog

from bot import camera
from bot.channels.base import Channel, NamesFiles
from bot.errors import DeliveryError, GiveUp, NotFound, TryLater
from bot.pipeline import Road
from scheduler.engine import FETCH
from storage.database import Tx
from storage.enums import MediaState
from storage.queries import media
from storage.queries.media import Attached

log = structlog.get_logger()

#: The largest file we keep; the platforms' own limits for a person's file are 20 MB.
LARGEST = 20 * 1024 * 1024
#: What one conversation may fill our disk with.
A_DAY = 100 * 1024 * 1024
DAY = timedelta(days=1)
#: One part of a kept file.
PART = 256 * 1024
#: Younger ones are asked for again by the engine, older ones by the clock.
YOUNG = timedelta(minutes=5)
#: Platforms forget media after three days, most of them.
LONGEST = timedelta(days=7)
#: How long one try may take: 20 MB over a bad line.
SECONDS = 300.0
TOO_LARGE = "文件超过 20 MB，没有保存；请对方改用邮件发送"
TOO_MUCH = "对方一天内发来的文件超过 100 MB，这个没有保存；请对方改用邮件发送"
NEVER_CAME = "一周内都没能从平台下载，没有保存；请对方再发一次或改用邮件发送"
ERASED = "对方的资料已删除"


async def fetch(road: Road, attachment_id: str, *, seconds: float = SECONDS) -> None:
    """Bring one attachment's bytes, if they are still only at its platform.

    Raises ``TryLater`` or ``Unknown`` for a young one: the engine calls again. What will never
    come is marked.
    """
    try:
        attached = await road.database.read(
            lambda tx: media.attachment(tx, road.vault, attachment_id)
        )
    except NotFound:  # it is gone with its person, or only their key is
        await _gone(road, attachment_id, ERASED)
        return
    if attached.state is not MediaState.NEW:
        return
    channel = road.channels.get(attached.channel)
    try:
        if channel is None:
            raise TryLater("this channel is switched off")
        size = await _brought(road, channel, attached, seconds)
    except GiveUp as error:
        await _gone(road, attached.id, str(error))
    except DeliveryError as error:
        await _again(road, attached, error)
    else:
        log.info("attachment.kept", attachment=attached.id, bytes=size)


async def _brought(road: Road, channel: Channel, attached: Attached, seconds: float) -> int:
    """Stream a file from its platform; its size. Raises a ``DeliveryError``."""
    if attached.size > LARGEST:
        raise GiveUp(TOO_LARGE)
    since = road.now() - DAY
    today = await road.database.read(lambda tx: media.weight(tx, attached.id, since=since))
    if today + attached.size >= A_DAY:
        raise GiveUp(TOO_MUCH)
    try:
        async with (
            asyncio.timeout(seconds),
            aclosing(channel.fetch(attached.ref)) as stream,  # type: ignore[type-var]
        ):
            return await keep(road, attached, stream, called=partial(_name, channel, attached))
    except TimeoutError:
        raise TryLater("it came too slowly") from None


async def _again(road: Road, attached: Attached, error: DeliveryError) -> None:
    """Plan the next try, or give up. Raises ``error`` where the engine shall call again."""
    age = road.now() - attached.created_at
    if age >= LONGEST:
        await _gone(road, attached.id, NEVER_CAME)
    elif age < YOUNG:
        # Only young ones: the clock wakes the older ones, and each wake-up that fails would
        # begin a row of tries of its own.
        delay = error.delay if isinstance(error, TryLater) else None
        if delay is None:
            raise error
        at = road.now() + delay
        await road.database.write(
            lambda tx: road.engine.wake(tx, FETCH, [attached.id], not_before=at)
        )


async def _gone(road: Road, attachment_id: str, error: str) -> None:
    await road.database.write(partial(media.gone, attachment_id=attachment_id, error=error))
    log.info("attachment.gone", attachment=attachment_id)


def _name(channel: Channel, attached: Attached) -> str:
    """What a platform calls a file that it brought without a name before; "" for none."""
    return channel.file_name(attached.ref) if isinstance(channel, NamesFiles) else ""


async def keep(
    road: Road,
    attached: Attached,
    stream: AsyncIterator[bytes],
    *,
    called: Callable[[], str] = str,
) -> int:
    """Keep a stream in sealed parts; its size. Raises ``GiveUp`` when it is too large.

    ``called`` is asked for its name, where it has none, once all of it has come.
    A picture is held whole for a moment and kept without what the camera wrote beside it.
    """
    rest, parts, size = bytearray(), 0, 0
    picture = False
    async for chunk in stream:
        rest += chunk
        size += len(chunk)
        if size > LARGEST:
            raise GiveUp(TOO_LARGE)
        picture = picture or (not parts and camera.is_picture(rest))
        while len(rest) >= PART and not picture:
            await _put(road, attached, parts, bytes(rest[:PART]))
            del rest[:PART]
            parts += 1
    if picture:
        bare = await asyncio.to_thread(camera.bare, bytes(rest))
        rest, size = bytearray(bare), len(bare)
    for at in range(0, max(len(rest), 0 if parts else 1), PART):
        await _put(road, attached, parts, bytes(rest[at : at + PART]))
        parts += 1
    name = "" if attached.name else called()

    def done(tx: Tx) -> None:
        if name:
            media.named(tx, road.vault.key(tx, attached.subject_id), attached.id, name)
        media.kept(tx, attached.id, parts=parts, size=size)

    await road.database.write(done)
    return size


async def _put(road: Road, attached: Attached, seq: int, data: bytes) -> None:
    def work(tx: Tx) -> None:
        media.put(tx, road.vault.key(tx, attached.subject_id), attached.id, seq, data)

    await road.database.write(work)


async def stream(road: Road, attached: Attached) -> AsyncIterator[bytes]:
    """A kept attachment's bytes, part by part. Raises ``NotFound`` when we do not have it."""
    if attached.state is not MediaState.KEPT:
        raise NotFound
    seq = 0
    while True:
        data = await road.database.read(
            lambda tx, seq=seq: media.part(tx, road.vault, attached, seq)  # type: ignore[misc]
        )
        if data is None:
            return
        yield data
        seq += 1
