"""What the platform refuses cards for: the rules of JSON 2.0.

Sub-codes known from public reports: 200380 template, 100290 bad at-id, 200861 tag of 1.0 in 2.0,
200830 back to 1.0, 11310 too many elements. Everything else is 200621, "parse card json err".
"""

import json
import re
from typing import Any

from tests.fakes.feishu_cards import (
    FIELDS,
    children,
    obj,
    objs,
    schema_of,
    submits,
    tag_of,
    value_of,
    walk,
)
from tests.fakes.feishu_errors import ApiError, Json, card_refused

ELEMENTS = 200
TEXTS = {"plain_text", "lark_md", "markdown"}
CONTAINERS = {"column_set", "column", "form", "interactive_container", "collapsible_panel"}
SHOWN = {"div", "markdown", "hr", "img", "img_combination", "person", "person_list", "chart"}
TAGS = FIELDS | CONTAINERS | SHOWN | {"button", "overflow", "table"}
GONE = {"action", "note"}  # 1.0 only
BUTTONS = {
    *("default", "primary", "danger", "text", "primary_text", "danger_text"),
    *("primary_filled", "danger_filled", "laser"),
}
CONFIG = {
    *("streaming_mode", "streaming_config", "summary", "locales", "enable_forward"),
    *("update_multi", "width_mode", "use_custom_translation", "enable_forward_interaction"),
    "style",
}
AT = re.compile(r"""<at\s+(?:id|user_id)=["']?([^"'>\s]+)["']?\s*>""")


def check(card: Json, people: set[str]) -> None:
    """Raise what the platform refuses a card with; `people` are the open_ids it can ring."""
    if schema_of(card) not in {"1.0", "2.0"}:
        raise wrong("schema must be 1.0 or 2.0", schema_of(card))
    for id in rung(card):
        if id != "all" and id not in people:
            raise card_refused(100290, "Failed to create card content, at user id is invalid", id)
    if schema_of(card) == "1.0":
        if not isinstance(card.get("elements", []), list):
            raise wrong("elements must be a list")
        return
    _check_root(card)
    elements = card["body"]["elements"]
    if sum(1 for _ in walk(objs(elements))) > ELEMENTS:
        raise card_refused(11310, "element exceeds the limit")
    _check_all(elements, set(), parent="")


def rung(card: Json) -> list[str]:
    """Everybody who is mentioned anywhere in a card: open_ids, and "all"."""
    text = json.dumps(card, ensure_ascii=False).replace('\\"', '"')
    return [match[1] for match in AT.finditer(text)]


def wrong(message: str, value: str = "") -> ApiError:
    return card_refused(200621, f"parse card json err, {message}", value)


def _check_root(card: Json) -> None:
    for key in ("config", "header", "body", "card_link"):
        if not isinstance(card.get(key) or {}, dict):
            raise wrong(f"{key} must be an object")
    if unknown := (card.get("config") or {}).keys() - CONFIG:
        raise wrong("unknown property of config", ",".join(sorted(unknown)))
    if "elements" in card:
        raise wrong("elements of a 2.0 card are in its body")
    if not isinstance(obj(card.get("body")).get("elements"), list):
        raise wrong("body.elements must be a list")
    if card.get("header") and _tag(card["header"].get("title")) not in TEXTS:
        raise wrong("header.title must be a text")


def _tag(element: Any) -> str:
    return tag_of(obj(element))


def _check_all(elements: Any, ids: set[str], parent: str) -> None:
    if not isinstance(elements, list):
        raise wrong("elements must be a list")
    for element in elements:
        _check_element(element, ids, parent)


def _check_element(element: Any, ids: set[str], parent: str) -> None:
    if not isinstance(element, dict) or not isinstance(element.get("tag"), str):
        raise wrong("an element has no tag")
    tag = element["tag"]
    if tag in GONE:
        message = "cards of schema V2 no longer support this capability"
        raise card_refused(200861, message, f"unsupported tag {tag}")
    if tag not in TAGS:
        raise wrong("unknown tag", tag)
    if (tag == "column") != (parent == "column_set"):
        raise wrong("columns belong into a column_set, and nothing else does", tag)
    element_id = element.get("element_id")
    if element_id is not None:
        element_id = str(element_id)
        if element_id in ids or not re.fullmatch(r"[A-Za-z]\w{0,19}", element_id):
            raise wrong("element_id must be unique, short, and begin with a letter", element_id)
        ids.add(element_id)
    if tag == "form":
        _check_form(element, parent)
    if tag == "button":
        _check_button(element)
    for key in ("elements", "columns"):
        _check_all(element.get(key) or [], ids, parent=tag)


def _check_form(form: Json, parent: str) -> None:
    if parent:
        raise wrong("a form is only allowed at the root of a card", parent)
    if not form.get("name"):
        raise wrong("a form needs a name")
    inner = [element for element, _ in walk(children(form))]
    if any(tag_of(element) in {"form", "table"} for element in inner):
        raise wrong("no form and no table inside a form")
    names = [e.get("name") for e in inner if tag_of(e) in FIELDS | {"button"}]
    if not all(isinstance(name, str) and name for name in names):
        raise wrong("every control of a form needs a name")
    if len(set(names)) < len(names):
        raise wrong("names of controls must be unique", ",".join(map(str, names)))
    if not any(submits(element) for element in inner if tag_of(element) == "button"):
        raise wrong("a form needs a submit button")


def _check_button(button: Json) -> None:
    if str(button.get("type", "default")) not in BUTTONS:
        raise wrong("unknown type of button", str(button.get("type")))
    if button.get("text") and _tag(button["text"]) not in TEXTS:
        raise wrong("the text of a button must be a text")
    behaviors = button.get("behaviors", [])
    if not isinstance(behaviors, list) or not all(isinstance(b, dict) for b in behaviors):
        raise wrong("behaviors must be a list of objects")
    for behavior in behaviors:
        if str(behavior.get("type")) not in {"callback", "open_url", "form_action"}:
            raise wrong("unknown type of behavior", str(behavior.get("type")))
    value = value_of(button)
    if value is not None and not isinstance(value, dict | str):
        raise wrong("a callback value is an object or a string")
