"""Files of candidates: sent as the page's script does, or come over a platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2

from bot import attachments
from bot.messages import Address, Inbound, Media, Received
from storage.database import Tx
from storage.enums import MediaKind, MessageKind
from storage.queries import intake, media
from storage.queries.common import table
from storage.queries.media import Attached
from storage.tables import Message
from tests import samples_of_files as some
from tests.integration.web.conftest import Office


async def send(
    office: Office, token: str, data: bytes, name: str = "简历.pdf", **more: str
) -> httpx2.Response:
    """Upload as the page's script does."""
    return await office.http.post(
        f"/chat/{token}/files", files={"file": (name, data)}, data=more, headers={"Accept": "*/*"}
    )


async def rows(office: Office, model: Any) -> list[Any]:
    return await office.road.database.read(lambda tx: tx.all(table(model).select()))


async def attached(office: Office) -> list[Attached]:
    """Every attachment there is."""

    def read(tx: Tx) -> list[Attached]:
        uids = [row.uid for row in tx.all(table(Message).select().order_by(table(Message).c.id))]
        return media.of_messages(tx, office.road.vault, uids)

    return await office.road.database.read(read)


async def given(office: Office, **changes: Any) -> tuple[str, Attached]:
    """A candidate who sent a file."""
    candidate = await office.candidate(**changes)
    sent = await send(office, await office.chat(candidate), some.PDF)
    assert sent.status_code == 202
    return candidate, (await attached(office))[-1]


async def broken_off(office: Office, client_id: str) -> str:
    """A chat whose server died between the message and the bytes of a file."""
    token = await office.chat(await office.candidate())
    link = await office.server.config.app.state.links.find(office.site, token)
    message = Inbound(
        external_id=link.external_id(client_id),
        sender=Address("webchat", link.address),
        kind=MessageKind.UNSUPPORTED,
        text="[文件] 简历.pdf",
        sent_at=office.clock(),
        media=(Media(id=client_id, kind=MediaKind.FILE, name="简历.pdf", size=40, here=True),),
    )
    await office.site.door.accept(Received(messages=(message,)))
    return token


async def from_platform(office: Office, address: str, parts: list[bytes], **file: Any) -> Attached:
    """A file that came over a platform, as the fetcher keeps it."""
    message = intake.NewMessage(
        channel="webchat",
        address=address,
        external_id=f"in-{address}",
        kind=MessageKind.UNSUPPORTED,
        text="[文件]",
        sent_at=office.clock(),
        media=(intake.NewMedia(ref="r", size=0, here=True, **file),),
    )
    await office.write(lambda tx: intake.take(tx, office.road.vault, [message]))
    found = (await attached(office))[-1]

    async def stream() -> AsyncIterator[bytes]:
        for part in parts:
            yield part

    await attachments.keep(office.road, found, stream())
    return (await attached(office))[-1]


async def address_of(office: Office, candidate: str) -> str:
    """Where a candidate's own chat is."""
    token = await office.chat(candidate)
    link = await office.server.config.app.state.links.find(office.site, token)
    return str(link.address)
