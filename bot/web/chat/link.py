"""What a chat link opens, remembered for half a minute."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi import Request

from bot.errors import NotFound
from bot.web.security import needs
from bot.web.site import Site
from storage.queries import invites
from storage.viewer import Permission

CHANNEL = "webchat"
TRUSTED_FOR = 30.0  # seconds a link is not looked up again
LINKS = 20_000
_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,64}", re.ASCII)
CLIENT_ID = re.compile(r"[!-~]{1,100}", re.ASCII)
ANYBODY = [needs(Permission.PUBLIC)]


@dataclass(frozen=True, slots=True)
class Link:
    """What a link opens."""

    identity_id: str
    address: str
    conversation_id: str
    position: str
    expires_at: datetime

    def external_id(self, client_id: str) -> str:
        """The id of a message that its sender calls ``client_id``."""
        return f"{self.identity_id}:{client_id}"


@dataclass(slots=True)
class Links:
    """Links looked up in the last half minute, by the hash of their token."""

    known: OrderedDict[str, tuple[float, Link]] = field(default_factory=OrderedDict)

    async def find(self, site: Site, token: str) -> Link:
        """The chat behind a link. Raises ``NotFound`` for any that is not good now."""
        if not _TOKEN.fullmatch(token):
            raise NotFound
        key, now = invites.token_hash(token), time.monotonic()
        at, link = self.known.get(key, (0.0, None))
        if link is None or now - at > TRUSTED_FOR:
            row = await site.road.database.read(lambda tx: invites.chat_behind(tx, token, CHANNEL))
            self.known.pop(key, None)
            if row is None:
                raise NotFound
            link = _link(row)
            self.known[key] = (now, link)
            if len(self.known) > LINKS:
                self.known.popitem(last=False)
        if link.expires_at <= site.road.now():
            raise NotFound
        return link


def _link(row: Any) -> Link:
    place = " · ".join(part for part in (row.position_title, row.position_city) if part)
    return Link(
        identity_id=row.identity_id,
        address=row.address,
        conversation_id=row.conversation_id,
        position=place,
        expires_at=row.expires_at,
    )


async def opened(request: Request, token: str) -> tuple[Site, Link]:
    """The site and the chat behind a link. Raises ``NotFound``."""
    site: Site = request.app.state.site
    links: Links = request.app.state.links
    return site, await links.find(site, token)
