"""Cards as they are seen: words to read, buttons to press, fields to fill in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fakes.feishu_errors import Json

FIELDS = {
    *("input", "select_static", "multi_select_static", "select_person", "multi_select_person"),
    *("date_picker", "picker_time", "picker_datetime", "checker", "select_img"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """Something to press. `value` is None where pressing calls nobody."""

    label: str
    name: str = ""
    value: Any = None
    url: str = ""
    form: str = ""
    submits: bool = False
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something to fill in; `options` are the values that can be chosen."""

    tag: str
    name: str = ""
    label: str = ""
    form: str = ""
    options: tuple[str, ...] = ()
    required: bool = False
    value: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card as it is seen."""

    title: str
    colour: str
    text: str  # everything there is to read, title first
    buttons: tuple[Button, ...]
    fields: tuple[Field, ...]
    schema: str

    @classmethod
    def of(cls, card: Json) -> "Card":
        header = obj(card.get("header"))
        title = words(header.get("title"))
        seen = list(walk(elements_of(card)))
        lines = [title, words(header.get("subtitle"))]
        lines += [text for element, _ in seen if (text := _reading(element))]
        return cls(
            title=title,
            colour=str(header.get("template", "")),
            text="\n".join(line for line in lines if line),
            buttons=tuple(_button(e, form) for e, form in seen if e.get("tag") == "button"),
            fields=tuple(_field(e, form) for e, form in seen if tag_of(e) in FIELDS),
            schema=schema_of(card),
        )


def obj(value: Any) -> Json:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objs(value: Any) -> list[Json]:
    """The objects of a list; none when it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def words(text: Any) -> str:
    """What a text element says."""
    return str(obj(text).get("content", ""))


def tag_of(element: Json) -> str:
    return str(element.get("tag", ""))


def schema_of(card: Json) -> str:
    return str(card.get("schema", "1.0"))


def elements_of(card: Json) -> list[Json]:
    """What is at the root."""
    return objs((obj(card.get("body")) if schema_of(card) == "2.0" else card).get("elements"))


def children(element: Json) -> list[Json]:
    """What is directly inside an element, in 1.0 and in 2.0."""
    if tag_of(element) == "note":
        return []
    inner = [one for key in ("elements", "columns", "actions") for one in objs(element.get(key))]
    return inner + objs([element.get("extra")])


def walk(elements: list[Json], form: str = "") -> Iterator[tuple[Json, str]]:
    """All elements, outer ones first, with the name of the form they are in."""
    for element in elements:
        yield element, form
        inside = str(element.get("name", "")) if tag_of(element) == "form" else form
        yield from walk(children(element), inside)


def _reading(element: Json) -> str:
    tag = tag_of(element)
    if tag in {"markdown", "plain_text", "lark_md"}:
        return words(element)
    if tag == "div":
        lines = [words(field.get("text")) for field in objs(element.get("fields"))]
        return "\n".join(line for line in [words(element.get("text")), *lines] if line)
    return ""


def value_of(button: Json) -> Any:
    """The payload of a callback: in `behaviors`, or directly in `value`."""
    for behavior in objs(button.get("behaviors")):
        if behavior.get("type") == "callback":
            return behavior.get("value")
    return button.get("value")


def submits(button: Json) -> bool:
    return button.get("form_action_type") == "submit" or button.get("action_type") == "form_submit"


def _button(button: Json, form: str) -> Button:
    opens = [b for b in objs(button.get("behaviors")) if b.get("type") == "open_url"]
    return Button(
        label=words(button.get("text")),
        name=str(button.get("name", "")),
        value=value_of(button),
        url=str(opens[0].get("default_url", "")) if opens else str(button.get("url", "")),
        form=form,
        submits=submits(button),
        disabled=bool(button.get("disabled")),
    )


def _field(field: Json, form: str) -> Field:
    return Field(
        tag=tag_of(field),
        name=str(field.get("name", "")),
        label=words(field.get("label")) or words(field.get("placeholder")),
        form=form,
        options=tuple(str(option.get("value")) for option in objs(field.get("options"))),
        required=bool(field.get("required")),
        value=value_of(field),
    )
