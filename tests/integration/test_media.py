"""Attachments from their platform into our sealed parts: tried again, bounded, bare, erasable."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import attachments
from bot.errors import GiveUp, NotFound, TryLater, Unknown
from bot.messages import Address, Inbound, Media, Received
from bot.pipeline import Door, Road
from config.settings import Settings
from scheduler.embedded import EmbeddedEngine
from scheduler.engine import FETCH
from storage.aead import SealBroken
from storage.crypto import Keystore
from storage.database import Tx, open_database
from storage.enums import MediaKind, MediaState, MessageKind
from storage.queries import media
from storage.queries.common import table, update
from storage.queries.media import Attached
from storage.tables import Attachment, AttachmentPart, SubjectKey
from storage.vault import Vault
from tests.integration.post import Post
from tests.integration.web.conftest import Clock, road_on
from tests.unit.bot.test_camera import exif, photo, segment

PARTS = table(AttachmentPart)
MB = 1024 * 1024


class Stores(Post):
    """A platform that counts what is asked of it, and may be slow."""

    fetched = 0
    pause_s = 0.0
    unnamed = False

    async def fetch(self, media_id: str) -> AsyncIterator[bytes]:
        self.fetched += 1
        async for chunk in super().fetch(media_id):
            yield chunk
            await asyncio.sleep(self.pause_s)

    def file_name(self, media_id: str) -> str:
        if self.unnamed:
            raise KeyError("a fault, or the end of the process")
        return super().file_name(media_id)


@dataclass
class Depot:
    """A road where nothing is fetched but by the test's own hand."""

    road: Road
    door: Door
    post: Stores
    clock: Clock
    came: int = 0

    async def send(self, *, who: str = "kf/one/wm1", size: int = 0, **more: Any) -> str:
        """Somebody sends a file; the attachment's id."""
        self.came += 1
        ref = f"MID-{self.came}"
        carried = Media(
            id=ref,
            kind=more.get("kind", MediaKind.FILE),
            name=more.get("name", "简历.pdf"),
            size=size,
        )
        message = Inbound(
            external_id=f"in{self.came}", sender=Address("post", who), text="[文件]",
            kind=MessageKind.UNSUPPORTED, sent_at=self.clock(), media=(carried,),
        )  # fmt: skip
        [stored] = await self.door.accept(Received(messages=(message,)))
        self.post.files[ref] = more.get("data", [b"x"])
        vault = self.road.vault
        [found] = await self.road.database.read(
            lambda tx: media.of_messages(tx, vault, [stored.uid])
        )
        return found.id

    async def seen(self, id_: str) -> Attached:
        return await self.road.database.read(lambda tx: media.attachment(tx, self.road.vault, id_))

    async def parts(self) -> list[Any]:
        return await self.road.database.read(
            lambda tx: tx.all(PARTS.select().order_by(PARTS.c.seq))
        )

    async def kept(self, data: bytes, **more: Any) -> Attached:
        id_ = await self.send(data=[data], **more)
        await attachments.fetch(self.road, id_)
        return await self.seen(id_)

    async def read(self, found: Attached) -> bytes:
        return b"".join([part async for part in attachments.stream(self.road, found)])


@pytest.fixture
async def depot(database_url: str, tmp_path: Path) -> AsyncIterator[Depot]:
    clock = Clock()
    database = open_database(database_url, now=clock)
    road, _ = road_on(database, clock, Settings(data_dir=tmp_path))
    post = Stores(clock)
    road.channels = {"post": post}
    door = Door(road)
    yield Depot(road, door, post, clock)
    await door.close()
    database.close()


# --- again, and an end --------------------------------------------------------------------------


@pytest.mark.parametrize("error", [TryLater("busy"), Unknown("no answer")])
async def test_a_young_file_is_the_engines_to_ask_for_again_an_old_one_the_clocks(
    depot: Depot, error: Exception
) -> None:
    id_ = await depot.send()
    depot.post.broken = error
    with pytest.raises(type(error)):
        await attachments.fetch(depot.road, id_)
    depot.clock.advance(attachments.YOUNG)
    for _ in range(3):  # woken by the clock: no row of tries begins with any of these
        await attachments.fetch(depot.road, id_)
    assert (await depot.seen(id_)).state is MediaState.NEW
    depot.post.broken = None
    await attachments.fetch(depot.road, id_)
    assert (await depot.seen(id_)).state is MediaState.KEPT


async def test_a_file_is_not_kept_before_its_name_is(depot: Depot) -> None:
    id_ = await depot.send(name="", data=[b"%PDF-1.7"])
    depot.post.unnamed = True
    with pytest.raises(KeyError):
        await attachments.fetch(depot.road, id_)
    assert (await depot.seen(id_)).state is MediaState.NEW
    depot.post.unnamed, depot.post.names = False, {"MID-1": "毕业证.pdf"}
    await attachments.fetch(depot.road, id_)
    found = await depot.seen(id_)
    assert (found.state, found.name) == (MediaState.KEPT, "毕业证.pdf")


async def test_a_file_that_can_never_be_had_is_given_up_after_a_week(depot: Depot) -> None:
    refused, switched_off = await depot.send(), await depot.send()
    depot.post.broken = TryLater("a right is missing", timedelta(minutes=5))
    depot.clock.advance(attachments.LONGEST - timedelta(seconds=30))
    await attachments.fetch(depot.road, refused)
    assert (await depot.seen(refused)).state is MediaState.NEW
    depot.clock.advance(timedelta(minutes=1))
    await attachments.fetch(depot.road, refused)
    depot.road.channels = {}
    await attachments.fetch(depot.road, switched_off)
    for id_ in (refused, switched_off):
        found = await depot.seen(id_)
        assert (found.state, found.error) == (MediaState.GONE, attachments.NEVER_CAME)


async def test_a_platform_that_names_a_time_is_not_asked_before(
    sqlite_url: str, tmp_path: Path
) -> None:
    clock = Clock()
    database = open_database(sqlite_url, now=clock)
    road, _ = road_on(database, clock, Settings(data_dir=tmp_path))
    engine = EmbeddedEngine(now=clock, first=timedelta(milliseconds=10))
    road.engine, post, door = engine, Stores(clock), Door(road)
    road.channels = {"post": post}
    engine.handler(FETCH, lambda key: attachments.fetch(road, key), concurrency=1, exclusive=True)
    running = asyncio.create_task(engine.run())
    post.broken = TryLater("busy", timedelta(minutes=1))
    depot = Depot(road, door, post, clock)
    id_ = await depot.send()
    await asyncio.sleep(0.25)
    assert post.fetched == 1
    post.broken = None
    clock.advance(timedelta(seconds=61))
    for _ in range(1500):
        if (await depot.seen(id_)).state is MediaState.KEPT:
            break
        await asyncio.sleep(0.02)
    assert (post.fetched, (await depot.seen(id_)).state) == (2, MediaState.KEPT)
    await door.close()
    await engine.stop()
    await running
    database.close()


async def test_a_file_that_comes_too_slowly_gives_its_place_free(depot: Depot) -> None:
    id_ = await depot.send(data=[b"a"] * 1000)
    depot.post.pause_s = 0.02
    with pytest.raises(TryLater):
        await attachments.fetch(depot.road, id_, seconds=0.1)
    assert (await depot.seen(id_)).state is MediaState.NEW


async def test_files_that_cannot_be_had_do_not_keep_the_others_waiting(depot: Depot) -> None:
    wanted = {await depot.send() for _ in range(5)}
    woken: set[str] = set()
    for _ in range(200):
        found = await depot.road.database.read(
            lambda tx: media.unfetched(tx, before=depot.clock(), limit=2)
        )
        assert len(found) == 2
        woken |= set(found)
    assert woken == wanted


async def test_an_earlier_and_longer_try_leaves_nothing_behind(depot: Depot) -> None:
    id_ = await depot.send(data=[b"a" * attachments.PART] * 4)
    depot.post.pause_s = 0.05
    with pytest.raises(TryLater):
        await attachments.fetch(depot.road, id_, seconds=0.12)
    assert await depot.parts()
    depot.post.files["MID-1"], depot.post.pause_s = [b"short"], 0.0
    await attachments.fetch(depot.road, id_)
    assert len(await depot.parts()) == 1
    assert await depot.read(await depot.seen(id_)) == b"short"


# --- bounds -------------------------------------------------------------------------------------


async def test_what_says_it_is_too_large_is_not_even_begun(depot: Depot) -> None:
    id_ = await depot.send(size=attachments.LARGEST + 1)
    await attachments.fetch(depot.road, id_)
    found = await depot.seen(id_)
    assert (found.state, found.error) == (MediaState.GONE, attachments.TOO_LARGE)
    assert depot.post.fetched == 0


async def test_one_conversation_does_not_fill_our_disk(depot: Depot) -> None:
    await depot.kept(b"a")
    for _ in range(5):  # as if each were of 20 MB
        id_ = await depot.send()
        await depot.road.database.write(
            lambda tx, id_=id_: media.kept(tx, id_, parts=0, size=20 * MB)
        )
    more, other = await depot.send(), await depot.send(who="kf/one/wm2")
    for id_ in (more, other):
        await attachments.fetch(depot.road, id_)
    found = await depot.seen(more)
    assert (found.state, found.error) == (MediaState.GONE, attachments.TOO_MUCH)
    assert (await depot.seen(other)).state is MediaState.KEPT
    depot.clock.advance(timedelta(hours=24, minutes=1))
    assert (await depot.kept(b"b")).state is MediaState.KEPT


@pytest.mark.parametrize(("mb", "state"), [(20, MediaState.KEPT), (50, MediaState.GONE)])
async def test_a_large_file_takes_little_memory_in_and_out(
    depot: Depot, mb: int, state: MediaState
) -> None:
    id_ = await depot.send(data=[b"%PDF" + bytes(MB - 4)] + [bytes(MB)] * (mb - 1))
    tracemalloc.start()
    await attachments.fetch(depot.road, id_)
    found = await depot.seen(id_)
    size = 0
    if found.state is MediaState.KEPT:
        async for part in attachments.stream(depot.road, found):
            size += len(part)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.state, size) == (state, mb * MB if state is MediaState.KEPT else 0)
    assert peak < 10 * MB
    assert len(await depot.parts()) == (mb * 4 if state is MediaState.KEPT else 0)


# --- bare ---------------------------------------------------------------------------------------


async def test_a_photo_is_kept_without_the_place_it_was_taken_at(depot: Depot) -> None:
    told = photo(segment(0xE1, exif(1)))
    chunks = [told[at : at + 7] for at in range(0, len(told), 7)]  # whatever it comes in
    id_ = await depot.send(data=chunks)
    await attachments.fetch(depot.road, id_)
    found = await depot.seen(id_)
    assert b"GPSLatitude" in told
    assert await depot.read(found) == photo()
    assert found.size == len(photo())


async def test_a_photo_of_many_parts_is_kept_whole(depot: Depot) -> None:
    scan = segment(0xDA, bytes(6)) + bytes(3 * attachments.PART)
    large = photo()[:-2] + scan + b"\xff\xd9"
    assert await depot.read(await depot.kept(large)) == large
    assert len(await depot.parts()) == 4


# --- sealed, and gone with its person -----------------------------------------------------------


async def test_nothing_of_a_file_can_be_read_or_moved_in_the_database(depot: Depot) -> None:
    one, two = await depot.kept(b"one" * 100_000), await depot.kept(b"two" * 100_000)
    for row in await depot.parts():
        assert b"oneone" not in bytes(row.sealed)
        assert b"twotwo" not in bytes(row.sealed)

    def moved(tx: Tx) -> None:
        theirs = sa.and_(PARTS.c.attachment_id == two.id, PARTS.c.seq == 0)
        sealed = tx.scalar(sa.select(PARTS.c.sealed).where(theirs))
        ours = sa.and_(PARTS.c.attachment_id == one.id, PARTS.c.seq == 0)
        update(tx, AttachmentPart, ours, sealed=sealed)

    await depot.road.database.write(moved)
    with pytest.raises(SealBroken):
        await depot.read(one)
    assert await depot.read(two) == b"two" * 100_000


async def test_a_file_survives_a_change_of_the_installations_key(
    depot: Depot, tmp_path: Path
) -> None:
    path = tmp_path / "keys" / "keys.json"
    depot.road.vault = Vault(Keystore.create(path))
    found = await depot.kept(b"before")
    rotated = Keystore.rotate(path)

    def rewrap(tx: Tx) -> None:
        for row in tx.all(table(SubjectKey).select()):
            wrapped = rotated.rewrap(row.id, row.wrapped)
            update(tx, SubjectKey, table(SubjectKey).c.id == row.id, wrapped=wrapped)

    await depot.road.database.write(rewrap)
    [old] = rotated.kek_ids - {rotated.current}
    depot.road.vault = Vault(Keystore.retire(path, old))
    assert await depot.read(found) == b"before"


async def test_a_file_goes_with_its_persons_key(depot: Depot) -> None:
    found, waiting = await depot.kept(b"mine"), await depot.send()

    def destroy(tx: Tx) -> None:
        keys = table(SubjectKey)
        update(tx, SubjectKey, keys.c.id == found.subject_id, destroyed_at=tx.now)

    await depot.road.database.write(destroy)
    depot.road.vault.forget(found.subject_id)
    with pytest.raises(NotFound):
        await depot.read(found)
    with pytest.raises(NotFound):
        await depot.seen(found.id)
    await attachments.fetch(depot.road, waiting)  # and what was on its way is asked for no more
    rows = table(Attachment)
    state = await depot.road.database.read(
        lambda tx: tx.scalar(sa.select(rows.c.state).where(rows.c.id == waiting))
    )
    assert (state, depot.post.fetched) == (MediaState.GONE.value, 1)


async def test_the_bytes_go_with_their_attachment(depot: Depot) -> None:
    found, other = await depot.kept(bytes(MB)), await depot.kept(b"other")
    rows = table(Attachment)
    await depot.road.database.write(lambda tx: tx.run(sa.delete(rows).where(rows.c.id == found.id)))
    assert {row.attachment_id for row in await depot.parts()} == {other.id}


async def test_why_it_will_never_come_is_kept_for_hr(depot: Depot) -> None:
    id_ = await depot.send()
    depot.post.broken = GiveUp("附件已过期")
    await attachments.fetch(depot.road, id_)
    found = await depot.seen(id_)
    assert (found.state, found.error) == (MediaState.GONE, "附件已过期")
    depot.post.broken = None
    await attachments.fetch(depot.road, id_)
    assert depot.post.fetched == 1
