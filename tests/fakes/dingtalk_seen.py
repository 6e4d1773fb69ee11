"""Messages and cards as somebody has them before their eyes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.dingtalk_card import Card, CardButton
from tests.fakes.dingtalk_state import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenMessage:
    """One message as one person sees it.

    `mine`: written by this person; `at_me`: it rings; `links`: buttons that open a URL; `via`: see
    `Message`.
    """

    id: str
    conversation_id: str
    mine: bool
    from_robot: bool
    kind: str
    text: str
    title: str
    links: tuple[tuple[str, str], ...]
    at_me: bool
    via: str
    at: float
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCard:
    """One card as one person sees it: common data under their own, buttons that are shown."""

    out_track_id: str
    template_id: str
    data: Mapping[str, str]
    buttons: tuple[CardButton, ...]
    stream: str

    @property
    def labels(self) -> list[str]:
        return [button.label for button in self.buttons]


def seen_message(message: Message, union_id: str) -> SeenMessage:
    content = message.content
    return SeenMessage(
        id=message.id,
        conversation_id=message.conversation_id,
        mine=message.sender == union_id,
        from_robot=not message.sender,
        kind=content.kind,
        text=content.text,
        title=content.title,
        links=content.links,
        at_me=union_id in message.mentioned,
        via=message.via,
        at=message.at,
        raw=content.raw,
    )


def seen_card(card: Card, union_id: str) -> SeenCard:
    data = card.for_person(union_id)
    drawn = [button.drawn(data) for button in card.template.buttons]
    return SeenCard(
        out_track_id=card.out_track_id,
        template_id=card.template.id,
        data=data,
        buttons=tuple(button for button in drawn if button is not None),
        stream=card.stream,
    )
