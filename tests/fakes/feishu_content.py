"""Contents of messages: what the robot may send, and how a person reads them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fakes.feishu_card_rules import check, rung
from tests.fakes.feishu_cards import Card, obj, objs
from tests.fakes.feishu_errors import bad, card_refused, refused
from tests.fakes.feishu_state import Json, Mention, State

TEXT_BYTES = 150 * 1024
RICH_BYTES = 30 * 1024

AT = re.compile(r"""<at user_id=(["'])(.*?)\1>(.*?)</at>""", re.DOTALL)
PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")

#: msg_type → the keys its content must have.
KEYS = {
    "image": ("image_key",),
    "file": ("file_key",),
    "audio": ("file_key",),
    "media": ("file_key",),
    "sticker": ("file_key",),
    "share_chat": ("chat_id",),
    "share_user": ("user_id",),
}
#: Tags inside a rich text → the keys a node must have.
NODES: dict[str, tuple[str, ...]] = {
    "text": ("text",),
    "md": ("text",),
    "a": ("text", "href"),
    "at": ("user_id",),
    "img": ("image_key",),
    "media": ("file_key",),
    "emotion": ("emoji_type",),
    "code_block": ("text",),
    "hr": (),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """Content as it is stored, and who is mentioned in it."""

    content: str
    mentions: tuple[Mention, ...] = ()


def checked(state: State, kind: str, content: Any) -> Checked:
    """The content of a message to be sent; raises what the platform refuses it with."""
    if not isinstance(content, str):
        raise bad("content is not a string in json format")
    body = _parsed(content)
    size = len(content.encode())
    if size > (RICH_BYTES if kind in {"post", "interactive"} else TEXT_BYTES):
        raise refused(230025)
    if kind == "text":
        return _text(state, body)
    if kind == "post":
        return _post(state, body, content)
    if kind == "interactive":
        return _card(state, body, content)
    if kind not in KEYS:
        raise bad("invalid msg_type")
    for key in KEYS[kind]:
        value = body.get(key)
        if not isinstance(value, str) or not value:
            raise bad(f"{key} is required")
        if key.endswith("_key") and value not in state.files:
            raise bad(f"invalid {key}")
    return Checked(content)


def _parsed(content: str) -> Json:
    try:
        body = json.loads(content)
    except ValueError:
        raise bad("content is not a string in json format") from None
    if not isinstance(body, dict):
        raise bad("content is not a json object")
    return body


def _text(state: State, body: Json) -> Checked:
    text = body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise bad("text is empty")
    mentions: list[Mention] = []

    def replace(match: re.Match[str]) -> str:
        open_id, name = match[2], match[3]
        if open_id == "all":
            mentions.append(Mention("@_all", "all", "所有人"))
            return "@_all"
        if open_id not in state.people:
            return match[0]  # nobody is rung for an id that is nobody's
        key = f"@_user_{len(mentions) + 1}"
        mentions.append(Mention(key, open_id, name or state.people[open_id].name))
        return key

    stored = AT.sub(replace, text)
    _audit(state, stored)
    return Checked(json.dumps({"text": stored}, ensure_ascii=False), tuple(mentions))


def _post(state: State, body: Json, content: str) -> Checked:
    languages = [body[key] for key in ("zh_cn", "en_us", "ja_jp") if key in body]
    if not languages:
        raise bad("post has no language")
    for post in languages:
        if not isinstance(post, dict) or not isinstance(post.get("content"), list):
            raise bad("post content is not a list")
        for node in _nodes(post):
            tag = str(node.get("tag"))
            if tag not in NODES:
                raise bad(f"unknown tag {tag}")
            for key in NODES[tag]:
                if not isinstance(node.get(key), str):
                    raise bad(f"{key} of {tag} is required")
            if tag == "img" and node["image_key"] not in state.files:
                raise bad("invalid image_key")
    _audit(state, content)
    stored = json.dumps(languages[0], ensure_ascii=False)
    return Checked(stored, tuple(_post_mentions(state, languages[0])))


def _post_mentions(state: State, post: Json) -> Iterator[Mention]:
    for node in _nodes(post):
        tag, called = node["tag"], list[str]()
        if tag == "at":
            called = [node["user_id"]]
        elif tag == "md":
            called = [match[2] for match in AT.finditer(node["text"])]
        for open_id in called:
            if open_id == "all" or open_id in state.people:
                yield _mention(state, open_id)


def _nodes(post: Json) -> Iterator[Json]:
    for paragraph in post.get("content", []):
        if not isinstance(paragraph, list):
            raise bad("a paragraph is not a list")
        for node in paragraph:
            if not isinstance(node, dict):
                raise bad("a node is not an object")
            yield node


def _card(state: State, body: Json, content: str) -> Checked:
    card = resolve(state, body)
    check(card, set(state.people))
    _audit(state, json.dumps(card, ensure_ascii=False))
    return Checked(content, tuple(_mention(state, id) for id in rung(card)))


def _mention(state: State, open_id: str) -> Mention:
    """A mention inside a card or a rich text, where it has no key."""
    person = state.people.get(open_id)
    return Mention("", open_id, person.name if person else "所有人")


def resolve(state: State, body: Json) -> Json:
    """The card itself, or the one a template makes of its variables."""
    if body.get("type") != "template":
        return body
    data = obj(body.get("data"))
    template = state.templates.get(str(data.get("template_id")))
    if template is None:
        raise card_refused(200380, "template does not exist")
    text = json.dumps(template, ensure_ascii=False)
    for name, value in obj(data.get("template_variable")).items():
        text = text.replace(f"${{{name}}}", json.dumps(str(value), ensure_ascii=False)[1:-1])
    card: Json = json.loads(text)
    return card


def _audit(state: State, text: str) -> None:
    """With data loss prevention on, plain phone numbers and addresses do not pass."""
    if state.dlp and (PHONE.search(text) or EMAIL.search(text)):
        raise refused(230028)


def plain(state: State, kind: str, content: str, mentions: tuple[Mention, ...]) -> str:
    """What somebody reads in a message; "" where there are no words."""
    body = json.loads(content) if content else {}
    if kind == "text":
        text = str(body.get("text", ""))
        for mention in reversed(mentions):  # @_user_10 before @_user_1
            text = text.replace(mention.key, f"@{mention.name}")
        return text
    if kind == "post":
        return _post_text(state, body)
    if kind == "interactive":
        return Card.of(resolve(state, body)).text
    return str(body.get("file_name", ""))


def _post_text(state: State, post: Json) -> str:
    lines = [str(post.get("title", ""))]
    for paragraph in post.get("content") or []:
        lines.append("".join(_node_text(state, node) for node in objs(paragraph)))
    return "\n".join(line for line in lines if line)


def _node_text(state: State, node: Json) -> str:
    if node.get("tag") == "at":
        return f"@{_mention(state, str(node.get('user_id'))).name}"
    return str(node.get("text", ""))
