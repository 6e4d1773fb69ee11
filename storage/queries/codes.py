"""One-time codes: a person we do not know yet types one, in whatever channel, and is known.

A code is an invite that belongs to no channel. What is stored of it is keyed: eight characters
could be found by trying, a hash of them under our key cannot.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import datetime, timedelta
from typing import Any

from storage.crypto import Keystore, blind_index
from storage.database import Tx
from storage.enums import InvitePurpose
from storage.queries import invites, users
from storage.vault import Vault

#: Without what looks or sounds alike: no 0 O, 1 I L, 2 Z, 5 S, 8 B, U V.
ALPHABET = "ACDEFGHJKMNPQRTWXY34679"
LENGTH = 8
LIFETIME = timedelta(hours=24)
#: Wrong codes within a day: of one identity, and of all of them together. The latter is as many as
#: guess one of 1,000 waiting codes once in 200 years, and more than a handful of people can use up
#: to lock out everybody.
MOST_EACH, MOST_ALL = 5, 1000
_DAY = timedelta(days=1)
_TYPED = re.compile(
    rf"(?:绑定码|验证码|邀请码|码)?(?:是|为)?[:：]?([{ALPHABET}]{{4}})[-－—]?([{ALPHABET}]{{4}})[.。!！]?"
)


def typed(text: str) -> str | None:
    """The code a message is, however it is typed; None for any other words.

    >>> typed(" acde-3467 "), typed("绑定码：ＡＣＤＥ３４６７"), typed("ACDE3461"), typed("你好")
    ('ACDE3467', 'ACDE3467', None, None)
    """
    if len(text) > 40:
        return None
    folded = unicodedata.normalize("NFKC", text).upper()
    found = _TYPED.fullmatch("".join(char for char in folded if not char.isspace()))
    return found[1] + found[2] if found else None


def create(tx: Tx, vault: Vault, candidate_id: str, *, created_by: str) -> tuple[str, datetime]:
    """Make a candidate's code and end the ones before; the code and until when it is good."""
    invites.revoke(tx, candidate_id, InvitePurpose.CODE)
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    _, until = invites.create_invite(
        tx,
        vault,
        token=_token(vault.keystore, code),
        purpose=InvitePurpose.CODE,
        lifetime=LIFETIME,
        created_by=created_by,
        candidate_id=candidate_id,
    )
    return code, until


def find(tx: Tx, keystore: Keystore, identity_id: str, code: str) -> Any:
    """The invite of a code that is good now. None otherwise, and for whoever guessed too often:
    then the right one is worth no more than a wrong one."""
    each, everybody = _who(keystore, identity_id)
    if users.failures(tx, each, within=_DAY)[0] >= MOST_EACH:
        return None
    if users.failures(tx, everybody, within=_DAY)[0] >= MOST_ALL:
        return None
    return invites.find_invite(tx, _token(keystore, code), InvitePurpose.CODE)


def wrong(tx: Tx, keystore: Keystore, identity_id: str) -> None:
    """Remember that somebody typed a code that is none."""
    users.failed(tx, _who(keystore, identity_id))


def _token(keystore: Keystore, code: str) -> str:
    return blind_index(keystore, "invite.code", code)


def _who(keystore: Keystore, identity_id: str) -> tuple[str, str]:
    each = blind_index(keystore, "code.identity", identity_id)
    return each, blind_index(keystore, "code.company", "")
