"""A file that was tried travels in the page that shows the trial, sealed, until it is confirmed.

Nothing of it stays here: a trial nobody confirms leaves nothing to delete. It belongs to whoever
tried it, for an hour, and is read again from its cells when it is confirmed.
"""

from __future__ import annotations

import base64
import json
import zlib
from datetime import datetime, timedelta

from bot.sheets.document import Book
from bot.web.errors import WebError
from bot.web.site import Site
from storage.aead import SealBroken
from storage.vault import seal, unseal
from storage.viewer import Viewer

LIFETIME = timedelta(hours=1)
#: As sealed, in characters: a form has a megabyte.
MOST = 900_000
_WHERE = "import.draft"


class Gone(WebError):
    """A draft that is over, another's, or none at all."""


def sealed(site: Site, viewer: Viewer, book: Book) -> str | None:
    """A file's cells as a text only this installation opens; None when there are too many."""
    until = (site.road.now() + LIFETIME).isoformat()
    packed = zlib.compress(json.dumps(book.as_json(), ensure_ascii=False).encode(), 9)
    text = f"{until}\n{base64.b85encode(packed).decode()}"
    token = seal(site.road.vault.system, text, _WHERE, viewer.id, pad=True)
    return token if len(token) <= MOST else None


def opened(site: Site, viewer: Viewer, token: str) -> Book:
    """The inverse of ``sealed``. Raises ``Gone``."""
    try:
        text = unseal(site.road.vault.system, token, _WHERE, viewer.id)
    except SealBroken:
        raise Gone from None
    until, _, packed = text.partition("\n")
    if datetime.fromisoformat(until) < site.road.now():
        raise Gone
    return Book.of_json(json.loads(zlib.decompress(base64.b85decode(packed))))
