"""Cards as they are: templates with their buttons, instances with their data, who sees them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.dingtalk_errors import bad

Json = dict[str, Any]

KEY_BYTES = 100
VALUE_BYTES = 1024
VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardButton:
    """A button as its template has it; `${name}` in label and params stands for card data.

    `shown_if` (variable, value) hides it unless the card's data says so; None shows it always.
    """

    action_id: str
    label: str
    params: Mapping[str, str] = field(default_factory=dict)
    shown_if: tuple[str, str] | None = None

    def drawn(self, data: Mapping[str, str]) -> "CardButton | None":
        """The button on a card with this data; None where it is hidden."""
        if self.shown_if is not None and data.get(self.shown_if[0], "") != self.shown_if[1]:
            return None

        def fill(text: str) -> str:
            return VARIABLE.sub(lambda match: data.get(match[1], ""), text)

        params = {key: fill(value) for key, value in self.params.items()}
        return CardButton(action_id=self.action_id, label=fill(self.label), params=params)


@dataclass(slots=True)
class Template:
    """A layout built in the console. Those of the basic edition cannot call back by Stream."""

    id: str
    buttons: tuple[CardButton, ...] = ()
    published: bool = True
    basic: bool = False


@dataclass(slots=True)
class Card:
    """One instance. `spaces` are conversation ids; `streamed` how its text came in pieces."""

    out_track_id: str
    template: Template
    callback_type: Literal["STREAM", "HTTP"]
    callback_route_key: str
    user_id_type: int
    open_spaces: frozenset[str]  # space types it was made for
    data: dict[str, str]
    private: dict[str, dict[str, str]] = field(default_factory=dict)  # by unionId
    spaces: list[str] = field(default_factory=list)
    recipients: dict[str, list[str]] = field(default_factory=dict)  # space → userids, or everybody
    history: list[dict[str, str]] = field(default_factory=list)
    guids: set[str] = field(default_factory=set)
    stream: Literal["", "open", "final", "error"] = ""

    def for_person(self, union_id: str) -> dict[str, str]:
        """What one person sees: the common data under their own."""
        return self.data | self.private.get(union_id, {})

    def shown_to(self, space: str, user_id: str) -> bool:
        """Whether somebody in a space is among those it was delivered for."""
        return space not in self.recipients or user_id in self.recipients[space]

    def change(self, new: dict[str, str], *, by_key: bool) -> None:
        """New data: into the old by key, or instead of all of it."""
        self.history.append(dict(self.data))
        self.data = self.data | new if by_key else dict(new)


def param_map(holder: Any, name: str = "cardData") -> dict[str, str]:
    """`{"cardParamMap": {…}}` with nothing but short strings in it; raises V1Error."""
    given = holder.get("cardParamMap") if isinstance(holder, dict) else None
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise bad("param.cardDataInvalid", f"{name}.cardParamMap不合法")
    for key, value in given.items():
        if not isinstance(value, str):
            raise bad("param.cardDataInvalid", f"{name}.cardParamMap.{key}必须是字符串")
        if len(key.encode()) > KEY_BYTES or len(value.encode()) > VALUE_BYTES:
            raise bad("param.cardDataInvalid", f"{name}.cardParamMap.{key}过长")
    return dict(given)


def spaces_of(open_space_id: Any) -> list[tuple[str, str]]:
    """(type, id) of each space; the prefix may stand before the first one or before all."""
    found: list[tuple[str, str]] = []
    prefix = "dtv1.card//"
    if not isinstance(open_space_id, str) or not open_space_id.startswith(prefix):
        raise bad("param.openSpaceIdInvalid", "openSpaceId不合法")
    for part in open_space_id.split(";"):
        kind, dot, id = part.removeprefix(prefix).partition(".")
        if not dot or not id or kind not in {"IM_ROBOT", "IM_GROUP"}:
            raise bad("param.openSpaceIdInvalid", f"openSpaceId不合法: {part}")
        found.append((kind, id))
    return found
