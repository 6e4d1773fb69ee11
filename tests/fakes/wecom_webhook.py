"""Group robots: one way in, by a key in the query string."""

import base64
import binascii
import hashlib
from collections.abc import Callable

from tests.fakes import wecom_cards
from tests.fakes.wecom_app_content import news
from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_media import MEGABYTE, robot_of
from tests.fakes.wecom_request import Asked, Endpoint, Fields
from tests.fakes.wecom_state import Robot, State

TEXT_BYTES = 2048
MARKDOWN_BYTES = 4096
IMAGE_BYTES = 2 * MEGABYTE
IMAGE_HEADERS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")

Check = Callable[[State, Robot, Fields], None]


def send(state: State, asked: Asked) -> Json:
    body, robot = asked.fields, robot_of(state, asked)
    msgtype = body.text("msgtype")
    if msgtype not in CHECKS:
        raise ApiError(40008, msgtype)
    inside = body.fields(msgtype)
    CHECKS[msgtype](state, robot, inside)
    if not state.meters.take(("robot", robot.key), *state.limits.per_robot):
        raise ApiError(state.doubts.webhook_limit_errcode, "messages of this robot")
    robot.posts.append({"msgtype": msgtype, msgtype: inside.values})
    return {}


def _text(state: State, robot: Robot, text: Fields) -> None:
    text.text("content", most=TEXT_BYTES, empty=44004)
    text.texts("mentioned_list", most=1000)
    text.texts("mentioned_mobile_list", most=1000)


def _markdown(state: State, robot: Robot, text: Fields) -> None:
    text.text("content", most=MARKDOWN_BYTES, empty=44004)


def _image(state: State, robot: Robot, image: Fields) -> None:
    try:
        data = base64.b64decode(image.text("base64"), validate=True)
    except binascii.Error:
        raise image.wrong("base64", "is none") from None
    if len(data) > IMAGE_BYTES:
        raise ApiError(45001, f"{len(data)} bytes")
    if not data.startswith(IMAGE_HEADERS):
        raise ApiError(40005, "neither JPG nor PNG")
    if hashlib.md5(data).hexdigest() != image.text("md5").lower():  # noqa: S324 - theirs
        raise ApiError(301019)


def _news(state: State, robot: Robot, body: Fields) -> None:
    news(state, body)


def _media(kind: str) -> Check:
    def check(state: State, robot: Robot, media: Fields) -> None:
        state.files.find(media.text("media_id"), state.clock(), kind, robot=robot.key)

    return check


def _card(state: State, robot: Robot, card: Fields) -> None:
    """Nobody could hear a press, so only notices."""
    if wecom_cards.check(card) not in wecom_cards.NOTICES or card.has("action_menu"):
        raise card.wrong("card_type", "notices only")


CHECKS: dict[str, Check] = {
    "text": _text,
    "markdown": _markdown,
    "markdown_v2": _markdown,
    "image": _image,
    "news": _news,
    "file": _media("file"),
    "voice": _media("voice"),
    "template_card": _card,
}
ENDPOINTS = {"webhook/send": Endpoint(send, token=False)}
