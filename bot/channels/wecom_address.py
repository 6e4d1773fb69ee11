"""Where people are on WeCom: customers of a kf account, members at our app, group robots.

kf/<open_kfid>/<external_userid>    somebody on WeChat, over 微信客服
app/<userid>                        a member of the company, at the self-built app
group/<name>                        a group robot that the settings name
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.messages import Address

NAME = "wecom"
KF, APP, GROUP = "kf/", "app/", "group/"

#: The platform's ids of accounts and customers; an address holds two of them in 128 characters.
_ID = re.compile(r"[A-Za-z0-9_-]{1,61}", re.ASCII)
#: A member's id, at most 64 bytes.
_USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody on WeChat, as one kf account knows them."""

    account: str
    id: str


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the company."""

    userid: str


@dataclass(frozen=True, slots=True)
class Group:
    """A group robot, by the name it has in the settings."""

    name: str


def customer(account: object, id: object) -> Address | None:
    """The address of a customer; None for what cannot be two of the platform's ids."""
    for part in (account, id):
        if not isinstance(part, str) or not _ID.fullmatch(part):
            return None
    return Address(NAME, f"{KF}{account}/{id}")


def member(userid: object) -> Address | None:
    """The address of a member. The platform does not care about case, so neither do we."""
    if not isinstance(userid, str) or not _USERID.fullmatch(userid):
        return None
    return Address(NAME, f"{APP}{userid.lower()}")


def parse(value: str) -> Customer | Member | Group | None:
    """Who an address is; None for one that is nobody's.

    >>> parse("kf/wkA/wmB")
    Customer(account='wkA', id='wmB')
    """
    if value.startswith(KF):
        account, _, person = value.removeprefix(KF).partition("/")
        return Customer(account, person) if customer(account, person) else None
    if value.startswith(APP):
        userid = value.removeprefix(APP)
        return Member(userid) if member(userid) else None
    if value.startswith(GROUP) and value != GROUP:
        return Group(value.removeprefix(GROUP))
    return None


def is_account(value: object) -> bool:
    """Whether this can be the id of a kf account."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None
