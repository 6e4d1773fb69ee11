"""Template cards, checked against the published counts and sizes."""

import re

from tests.fakes.wecom_errors import ApiError
from tests.fakes.wecom_request import Fields, size

INTERACTIVE = {"button_interaction", "vote_interaction", "multiple_interaction"}
NOTICES = {"text_notice", "news_notice"}
TASK_ID = re.compile(r"[0-9A-Za-z_\-@]{1,128}")
KEY_BYTES = 1024
OPTION_ID_BYTES = 128
CALLBACK, URL, PROGRAM = 0, 1, 2


def check(card: Fields, *, updating: bool = False) -> str:
    """The card type; raises ApiError. An update keeps the task_id of the card it replaces."""
    card_type = card.text("card_type")
    if card_type not in INTERACTIVE | NOTICES:
        raise card.wrong("card_type", card_type)
    _task_id(card, needed=(card_type in INTERACTIVE or card.has("action_menu")) and not updating)
    _head(card, card_type)
    for item in card.each("horizontal_content_list", least=0, most=6):
        item.text("keyname")
        if item.integer("type", 0, least=0, most=3) == URL:
            item.text("url")
    for jump in card.each("jump_list", least=0, most=3):
        jump.text("title")
        if jump.integer("type", 0, least=0, most=2) == URL:
            jump.text("url")
    if card.has("action_menu"):
        for action in card.fields("action_menu").each("action_list", least=1, most=3):
            _button(action)
    if card_type in NOTICES:
        _notice(card, card_type)
    elif card_type == "button_interaction":
        _buttons(card)
    else:
        _questions(card, card_type)
    return card_type


def calls_back(card: Fields) -> bool:
    """Whether pressing something on the card needs a callback URL."""
    return card.text("card_type") in INTERACTIVE or card.has("action_menu")


def _task_id(card: Fields, *, needed: bool) -> None:
    if not needed and not card.has("task_id"):
        return
    if not TASK_ID.fullmatch(str(card.values.get("task_id", ""))):
        raise ApiError(42014, "1 to 128 of 0-9 A-Z a-z _ - @")


def _head(card: Fields, card_type: str) -> None:
    titled = card.has("main_title") and card.fields("main_title").has("title")
    if not titled and not (card_type == "text_notice" and card.has("sub_title_text")):
        raise card.wrong("main_title.title", "missing")


def _notice(card: Fields, card_type: str) -> None:
    action = card.fields("card_action")
    kind = action.integer("type", least=URL, most=PROGRAM)
    action.text("url" if kind == URL else "appid")
    if card_type == "news_notice":
        if not card.has("image_text_area"):
            card.fields("card_image").text("url")
        for item in card.each("vertical_content_list", least=0, most=4):
            item.text("title")


def _buttons(card: Fields) -> None:
    if card.has("button_selection"):
        _select(card.fields("button_selection"))
    keys: list[str] = []
    for button in card.each("button_list", least=1, most=6):
        button.integer("style", 1, least=1, most=4)
        if button.integer("type", CALLBACK, least=CALLBACK, most=URL) == URL:
            button.text("text", empty=42020)
            button.text("url")
        else:
            keys.append(_button(button))
    if len(set(keys)) < len(keys):
        raise ApiError(42018, "two buttons with one key")


def _button(button: Fields) -> str:
    """The key of a button that calls back."""
    button.text("text", empty=42020)
    key = button.text("key", empty=42019)
    if size(key) > KEY_BYTES:
        raise ApiError(42018, f"{size(key)} bytes")
    return key


def _questions(card: Fields, card_type: str) -> None:
    _button(card.fields("submit_button"))
    if card_type == "multiple_interaction":
        selects = card.each("select_list", least=1, most=3)
        keys = [_select(select) for select in selects]
        if len(set(keys)) < len(keys):
            raise card.wrong("select_list", "two questions with one key")
    else:
        box = card.fields("checkbox")
        box.text("question_key", most=KEY_BYTES)
        box.integer("mode", 0, least=0, most=1)
        _options(box, 20)


def _select(select: Fields) -> str:
    key = select.text("question_key", most=KEY_BYTES)
    ids = _options(select, 10)
    chosen = select.text("selected_id", default="")
    if chosen and chosen not in ids:
        raise select.wrong("selected_id", "no such option")
    return key


def _options(question: Fields, most: int) -> list[str]:
    ids = []
    for option in question.each("option_list", least=1, most=most):
        option.text("text")
        ids.append(option.text("id", most=OPTION_ID_BYTES))
    if len(set(ids)) < len(ids):
        raise question.wrong("option_list", "two options with one id")
    return ids
