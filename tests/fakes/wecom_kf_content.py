"""Bodies of messages to customers, checked against the published sizes."""

import re
from collections.abc import Callable

from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_request import Fields
from tests.fakes.wecom_state import State

MSGID = re.compile(r"[0-9a-zA-Z_-]{1,32}")
TEXT_BYTES = 2048
MENU_ITEMS = 10
MENU_TEXT_BYTES = 1024

Check = Callable[[State, Fields], None]


def content(state: State, body: Fields) -> tuple[str, Json]:
    """msgtype and content of a message; the refusals are those of the platform."""
    msgtype = body.text("msgtype")
    if msgtype not in CHECKS:
        raise ApiError(40008, msgtype)
    inside = body.fields(msgtype)
    CHECKS[msgtype](state, inside)
    return msgtype, inside.values


def msgid(body: Fields) -> str:
    """The caller's own id; empty when there is none."""
    value = body.text("msgid", default="")
    if value and not MSGID.fullmatch(value):
        raise body.wrong("msgid", "at most 32 of 0-9 a-z A-Z _ -")
    return value


def _text(state: State, text: Fields) -> None:
    text.text("content", most=TEXT_BYTES, empty=44004)


def _media(kind: str) -> Check:
    def check(state: State, media: Fields) -> None:
        state.files.find(media.text("media_id"), state.clock(), kind)

    return check


def _link(state: State, link: Fields) -> None:
    link.text("title", most=128)
    link.text("desc", most=512, default="")
    link.text("url", most=2048)
    state.files.find(link.text("thumb_media_id"), state.clock(), "image")


def _miniprogram(state: State, program: Fields) -> None:
    program.text("appid")
    program.text("title", most=64, default="")
    program.text("pagepath")
    state.files.find(program.text("thumb_media_id"), state.clock(), "image")


def _location(state: State, location: Fields) -> None:
    location.text("name", default="")
    location.text("address", default="")
    if abs(location.number("latitude")) > 90 or abs(location.number("longitude")) > 180:
        raise location.wrong("latitude", "not on this planet")


def _business_card(state: State, card: Fields) -> None:
    if card.text("userid").lower() not in state.directory.members:
        raise ApiError(60111, "business_card")


def _ca_link(state: State, link: Fields) -> None:
    link.text("link_url")


def _msgmenu(state: State, menu: Fields) -> None:
    menu.text("head_content", most=MENU_TEXT_BYTES, default="")
    menu.text("tail_content", most=MENU_TEXT_BYTES, default="")
    items = menu.each("list", least=0, most=MENU_ITEMS, errcode=95008)
    for item in items:
        kind = item.text("type")
        if kind not in MENU_ITEM_CHECKS:
            raise item.wrong("type", kind, 95009)
        MENU_ITEM_CHECKS[kind](state, item.fields(kind))
    if not items and not menu.has("head_content") and not menu.has("tail_content"):
        raise ApiError(44004, "msgmenu")


def _click(state: State, click: Fields) -> None:
    click.text("id", most=state.doubts.menu_id_bytes, default="")
    click.text("content", most=128)


def _view(state: State, view: Fields) -> None:
    view.text("url", most=2048)
    view.text("content", most=1024)


def _open_program(state: State, program: Fields) -> None:
    program.text("appid")
    program.text("pagepath")
    program.text("content", most=1024)


def _line(state: State, line: Fields) -> None:
    line.text("content", most=256)
    line.integer("no_newline", 0, least=0, most=1)


MENU_ITEM_CHECKS: dict[str, Check] = {
    "click": _click,
    "view": _view,
    "miniprogram": _open_program,
    "text": _line,
}
CHECKS: dict[str, Check] = {
    "text": _text,
    "image": _media("image"),
    "voice": _media("voice"),
    "video": _media("video"),
    "file": _media("file"),
    "link": _link,
    "miniprogram": _miniprogram,
    "location": _location,
    "business_card": _business_card,
    "ca_link": _ca_link,
    "msgmenu": _msgmenu,
}
