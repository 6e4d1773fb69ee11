"""The sandbox's Telegram: a local stand-in of the platform, with a phone to look at.

The stand-in is part of the source tree's tests, not of an installed package. Without it the
sandbox has no Telegram, and says so.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import sys
import time
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import SecretStr

from bot import desk
from bot.errors import NotReady
from bot.pipeline import Road
from bot.saying import send_cards
from config.platforms import TelegramSettings
from scheduler.engine import DELIVERY
from storage.database import Tx
from storage.enums import AlertStatus
from storage.queries import alerts, backfill, users
from storage.viewer import Viewer

CHANNEL = "telegram"
MODULE = "tests.fakes.telegram"
#: Open alerts that wait on the phone when it is switched on.
WAITING = 3
_ROOT = Path(__file__).parents[2]
_LINKED_WITHIN_S = 10.0


class Phones:
    """A running stand-in platform and the phones on it."""

    def __init__(self, platform: Any) -> None:
        self.platform = platform

    @property
    def settings(self) -> TelegramSettings:
        """What the product needs to use it."""
        return TelegramSettings(
            bot_token=SecretStr(self.platform.token),
            api_base=self.platform.api_base,
            mode="polling",
            bot_username=self.platform.bot_username,
            abroad=True,  # to a stand-in on this machine
        )

    def url(self, number: int, name: str) -> str:
        """The page of a person's phone."""
        return f"{self.platform.api_base}/phone/{number}?name={quote(name)}"

    def know(self, people: Iterable[tuple[int, str]]) -> None:
        """People who pressed Start in the past, so that the bot may write to them."""
        for number, name in people:
            self.platform.user(number, name).account.started = True

    async def link(
        self, road: Road, viewer: Viewer, number: int, name: str, *, cases: Collection[str]
    ) -> None:
        """Tie a phone to a colleague the way a colleague does: an invite link, and Start.

        Cards of the newest open alerts about ``cases`` (candidates) follow. Nothing when it is
        tied already. The product must be running. Raises ``NotReady`` when it does not take the
        invite within ten seconds.
        """
        if await _linked(road, viewer.id):
            self.know([(number, name)])
            # Cards of an earlier run went with its phone; they cannot be changed any more.
            await road.database.write(lambda tx: backfill.forget_cards(tx, CHANNEL))
            return
        invited = await desk.invite_colleague(road, viewer, viewer.id, CHANNEL)
        [token] = parse_qs(urlsplit(invited.url).query)["start"]
        self.platform.user(number, name).start(token)
        until = time.monotonic() + _LINKED_WITHIN_S
        while not await _linked(road, viewer.id):
            if time.monotonic() > until:
                raise NotReady("the sandbox's phone could not be linked: the bot did not answer")
            await asyncio.sleep(0.05)
        await road.database.write(lambda tx: _send_waiting(tx, road, viewer, cases))

    def stop(self) -> None:
        """Switch everything off."""
        self.platform.stop()


def switch_on(now: Callable[[], datetime], *, port: int = 0) -> Phones | None:
    """Start the stand-in on 127.0.0.1 (a free port for 0); None where it does not exist."""
    if not (_ROOT / "tests" / "fakes" / "telegram.py").exists():
        return None
    if str(_ROOT) not in sys.path:
        sys.path.append(str(_ROOT))  # an installed command does not look beside its packages
    platform = importlib.import_module(MODULE).FakeTelegram(
        clock=lambda: now().timestamp(), limits=False
    )
    # It starts empty each time; numbers it gave in an earlier run must not come again, because
    # the product rightly drops what it has seen.
    first = int(time.time())
    platform.next_update_id(first)
    platform.state.ids = itertools.count(first)
    try:
        platform.start(port)
    except OSError:
        platform.start(0)
    return Phones(platform)


async def _linked(road: Road, user_id: str) -> bool:
    accounts = await road.database.read(lambda tx: users.chat_accounts(tx, user_id))
    return any(account.channel == CHANNEL for account in accounts)


def _send_waiting(tx: Tx, road: Road, viewer: Viewer, cases: Collection[str]) -> None:
    """Cards of what is open already: raised before there was a phone to send them to."""
    receivers = alerts.receivers(tx, viewer.id, road.channels)
    newest = alerts.page(tx, road.vault, viewer, statuses=[AlertStatus.OPEN])
    woken: set[str] = set()
    for alert in [one for one in newest if one.candidate_id in cases][:WAITING][::-1]:
        woken |= send_cards(tx, alert.id, alert.revision, receivers)
    road.engine.wake(tx, DELIVERY, sorted(woken))
