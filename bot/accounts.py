"""Short commands beside a running server: accounts, keys, the audit chain, exports."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from bot.app import open_rulebook, open_storage
from bot.channels import base as channels
from bot.errors import BotError
from bot.messages import Aside, Inbound
from bot.rulebook import Rulebook
from bot.sheets import opening, writing
from bot.sheets.document import MOST_BYTES
from bot.sheets.plan import Plan
from bot.web import credentials, exporting, importing
from bot.web.importing import Brought as Imported
from bot.web.masking import mask_phone
from config.settings import Settings
from nlp.corpus import write
from storage.chain import Verdict
from storage.database import Database, Tx
from storage.enums import InvitePurpose, MessageKind, Role
from storage.queries import audit, invites, users
from storage.queries.archive import Brought, Counted, bring
from storage.vault import Vault
from storage.viewer import KEY_SCOPES, Viewer

T = TypeVar("T")
#: Messages in one transaction: nobody else waits for longer.
_BATCH = 500
#: Whoever may run commands on this machine.
OPERATOR = Viewer(id="operator", name="operator", role=None, sees_all=True)


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Database, Vault]]:
    database, vault = open_storage(settings, shared=True)
    try:
        yield database, vault
    finally:
        database.close()


def _write(settings: Settings, work: Callable[[Tx, Vault], T]) -> T:
    with _opened(settings) as (database, vault):
        return database.submit(lambda tx: work(tx, vault)).result()


def add_user(settings: Settings, *, login: str, name: str, role: str) -> str:
    """Make an account; the one-time link with which its owner sets password and second factor.

    Raises ``BotError`` for an unknown role, ``Conflict`` for a taken login.
    """
    if role not in list(Role):
        raise BotError(f"role must be one of {', '.join(Role)}")
    if not (login.isascii() and login.isprintable() and 2 <= len(login) <= 60):
        raise BotError("a login is 2 to 60 plain ASCII characters")
    if not 1 <= len(name) <= 60:
        raise BotError("a name has 1 to 60 characters")
    token = secrets.token_urlsafe(32)

    def work(tx: Tx, vault: Vault) -> None:
        user_id = users.create_user(tx, login=login, name=name, role=Role(role))
        invites.create_invite(
            tx,
            vault,
            token=token,
            purpose=InvitePurpose.SETUP,
            lifetime=timedelta(days=3),
            created_by=OPERATOR.id,
            user_id=user_id,
        )
        audit.append(tx, vault.keystore, OPERATOR, "user.create", user_id, details={"role": role})

    _write(settings, work)
    return f"{settings.base_url}/setup/{token}"


def create_key(settings: Settings, *, name: str, scopes: Sequence[str], lifetime: timedelta) -> str:
    """Make an API key; its text, shown this once. Raises ``BotError`` for an unknown scope."""
    known = {str(scope) for scope in KEY_SCOPES}
    wanted = known if "all" in scopes else set(scopes)
    if not wanted or not wanted <= known:
        raise BotError(f"scope must be all, or some of: {', '.join(sorted(known))}")
    made = credentials.new_api_key()

    def work(tx: Tx, vault: Vault) -> None:
        users.create_key(
            tx,
            key_id=made.id,
            name=name[:80],
            secret_hash=made.secret_hash,
            scopes=sorted(wanted),
            days=lifetime.days,
        )
        audit.append(
            tx, vault.keystore, OPERATOR, "key.create", made.id, details={"scopes": sorted(wanted)}
        )

    _write(settings, work)
    return made.text


def export_verdicts(settings: Settings, path: Path) -> int:
    """Write what people said of readings as masked JSON Lines; the number of lines.

    Only its owner may read the file, and it appears whole or not at all. Raises ``BotError`` when
    it cannot be written: then nothing was exported.
    """
    from bot.web import verdicts  # brings pinyin along, which costs time

    if path.is_dir():
        raise BotError(f"{path}: is a folder")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.touch(mode=0o600, exist_ok=False)
        with _opened(settings) as (database, vault):
            made = database.submit_read(
                lambda tx: list(verdicts.examples(tx, vault, OPERATOR))
            ).result()
            write(beside, made)
            details = {"lines": len(made)}
            database.submit(
                lambda tx: audit.append(
                    tx, vault.keystore, OPERATOR, "verdicts.export", "verdicts", details=details
                )
            ).result()
        beside.replace(path)
    except OSError as error:
        raise BotError(f"{path}: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    return len(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What filing stands on, beside a running server."""

    vault: Vault
    rulebook: Rulebook


def import_sheet(settings: Settings, path: Path, *, dry: bool) -> tuple[Plan, Imported | None]:
    """Bring a spreadsheet into the record: what it comes to, and what was written.

    Nothing is written with ``dry``, nor with faults. Raises ``BotError`` for what cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BotError(f"{path}: {error.strerror}") from error
    book = asyncio.run(opening.opened(data))
    rulebook = open_rulebook(settings)
    told = importing.understood(book, rulebook.sheets)
    with _opened(settings) as (database, vault):
        ground = _Ground(vault=vault, rulebook=rulebook)
        planned = database.submit_read(
            lambda tx: importing.plan(tx, ground, OPERATOR, told, masked=mask_phone)
        ).result()
        if dry or planned.faults or planned.is_empty:
            return planned, None
        done = database.submit(
            lambda tx: importing.bring(tx, ground, OPERATOR, told, masked=mask_phone)
        ).result()
    return planned, done


def export_sheet(settings: Settings, what: str, path: Path) -> int:
    """Write all ``candidates`` or ``positions``, numbers whole; how many there were.

    Only its owner may read the file, and it appears whole or not at all. Raises ``BotError``.
    """
    wanted = exporting.Wanted(format=_format(path), masked=exporting.whole)
    write_out = {"candidates": exporting.candidates, "positions": exporting.positions}[what]
    with _opened(settings) as (database, vault):
        ground = _Ground(vault=vault, rulebook=open_rulebook(settings))
        made = database.submit_read(lambda tx: write_out(tx, ground, OPERATOR, wanted)).result()
        database.submit(
            lambda tx: exporting.noted_export(
                tx, ground, OPERATOR, what, wanted, made.count, purpose=""
            )
        ).result()
        _kept(path, made.data)
    return made.count


def export_endings(settings: Settings, path: Path, *, days: int) -> exporting.Exported:
    """Write all cases that ended, for ``yinuo risk``; as ``export_sheet`` keeps a file.

    ``days``: how long before the outcome the figures are of. Raises ``BotError``.
    """
    wanted = exporting.Wanted(format=_format(path), masked=exporting.whole)
    with _opened(settings) as (database, vault):
        ground = _Ground(vault=vault, rulebook=open_rulebook(settings))

        def work(tx: Tx) -> exporting.Exported:
            return exporting.endings(tx, ground, OPERATOR, wanted, days=days)

        made = database.submit_read(work).result()
        database.submit(
            lambda tx: exporting.noted_export(
                tx, ground, OPERATOR, "endings", wanted, made.count, purpose=""
            )
        ).result()
        _kept(path, made.data)
    return made


def write_template(settings: Settings, path: Path) -> None:
    """Write an empty table to fill. Needs no database. Raises ``BotError``."""
    layout = open_rulebook(settings).sheets
    if _format(path) is exporting.Format.CSV:
        _kept(path, writing.csv_file(layout.candidates, ()))
    else:
        _kept(path, writing.template(layout))


def _format(path: Path) -> exporting.Format:
    try:
        return exporting.Format(path.suffix.lower().removeprefix("."))
    except ValueError:
        raise BotError(f"{path}: 文件名请以 .xlsx 或 .csv 结尾") from None


def _kept(path: Path, data: bytes) -> None:
    if path.is_dir():
        raise BotError(f"{path}: is a folder")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.touch(mode=0o600, exist_ok=False)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise BotError(f"{path}: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def bring_archive(settings: Settings, name: str, path: Path, account: str) -> tuple[Counted, int]:
    """Bring a platform's own archive into the record; what became of it, and lines without sense.

    Twice is as good as once. Raises ``BotError`` when there is nothing that could be read.
    """
    section = getattr(settings, name, None)
    read = getattr(channels.load(name), "archived", None) if name in channels.discover() else None
    if section is None or read is None:
        raise BotError(f"{name} has no archive that could be brought in")
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            found = read(section, lines, account=account)
    except OSError as error:
        raise BotError(f"{path}: {error.strerror}") from error
    past = [_brought(one) for one in found.said]
    counted = Counted()
    with _opened(settings) as (database, vault):
        for at in range(0, len(past), _BATCH):
            some = partial(bring, vault=vault, channel=name, past=past[at : at + _BATCH])
            counted += database.submit(some).result()
        details = asdict(counted) | {"unread": found.unread}
        database.submit(
            lambda tx: audit.append(
                tx, vault.keystore, OPERATOR, "archive.import", name, details=details
            )
        ).result()
    return counted, found.unread


def _brought(one: Inbound | Aside) -> Brought:
    if isinstance(one, Aside):
        return Brought(
            address=one.to.value,
            by=one.by,
            external_id=one.external_id,
            kind=MessageKind.TEXT,
            text=one.text,
            sent_at=one.sent_at,
        )
    return Brought(
        address=one.sender.value,
        by="",
        external_id=one.external_id,
        kind=one.kind,
        text=one.text,
        sent_at=one.sent_at,
        raw=one.raw,
    )


def verify_audit(settings: Settings) -> Verdict:
    """Check the whole audit chain."""
    with _opened(settings) as (database, vault):
        return database.submit_read(lambda tx: audit.verify(tx, vault.keystore)).result()
