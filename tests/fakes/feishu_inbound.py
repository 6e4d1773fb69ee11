"""Contents of the messages people send, as they arrive at a robot."""

import re
from dataclasses import dataclass

from tests.fakes.feishu_state import Chat, Json, Mention, State

# Smallest honest bytes of each kind, for tests that care only that a file came.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
VOICE = b"OggS" + bytes(60)
VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(40)


@dataclass(frozen=True, slots=True)
class Written:
    """A kind of message and its content, before anybody sent it."""

    kind: str
    content: Json
    mentions: tuple[Mention, ...] = ()


def text(state: State, chat: Chat, words: str) -> Written:
    """Words; "@" and the name of somebody in the chat, or of the robot, is a mention."""
    called = {state.people[id].name: id for id in chat.members}
    called[state.app.name] = state.app.open_id
    names = sorted(called, key=len, reverse=True)
    mentions: list[Mention] = []

    def replace(match: re.Match[str]) -> str:
        key = f"@_user_{len(mentions) + 1}"
        mentions.append(Mention(key, called[match[1]], match[1]))
        return key

    stored = words.replace("@所有人", "@_all")
    stored = re.sub(f"@({'|'.join(map(re.escape, names))})", replace, stored)
    return Written("text", {"text": stored}, tuple(mentions))


def post(title: str, *lines: str) -> Written:
    """A rich text; inbound it has no level for languages."""
    content = [[{"tag": "text", "text": line, "style": []}] for line in lines]
    return Written("post", {"title": title, "content": content})


def image(state: State, data: bytes = PIXEL) -> Written:
    return Written("image", {"image_key": state.keep(data, "image.png", "image/png", "image").key})


def file(state: State, name: str, data: bytes, size: int = 0) -> Written:
    """A file; `size` may claim more bytes than there are, to be too big for a download."""
    key = state.keep(data, name, "", "file", size).key
    return Written("file", {"file_key": key, "file_name": name})


def audio(state: State, data: bytes = VOICE, duration_ms: int = 2000) -> Written:
    """A voice message: no words come with it."""
    key = state.keep(data, "voice.opus", "audio/ogg", "file").key
    return Written("audio", {"file_key": key, "duration": duration_ms})


def media(state: State, name: str = "video.mp4", duration_ms: int = 5000) -> Written:
    """A video with its first frame."""
    key = state.keep(VIDEO, name, "video/mp4", "file").key
    first = state.keep(PIXEL, "cover.png", "image/png", "image").key
    content = {"file_key": key, "image_key": first, "file_name": name, "duration": duration_ms}
    return Written("media", content)


def sticker(state: State) -> Written:
    return Written("sticker", {"file_key": state.keep(PIXEL, "s.png", "image/png", "file").key})


def share_user(open_id: str) -> Written:
    return Written("share_user", {"user_id": open_id})


def share_chat(chat_id: str) -> Written:
    return Written("share_chat", {"chat_id": chat_id})


def location(name: str, longitude: str = "121.47", latitude: str = "31.23") -> Written:
    return Written("location", {"name": name, "longitude": longitude, "latitude": latitude})


def merge_forward() -> Written:
    return Written("merge_forward", {"content": "Merged and Forwarded Message"})


def forwarded_card(title: str) -> Written:
    """A card somebody forwarded: a robot is shown hardly anything of it."""
    words = "请升级至最新版本客户端，以查看内容"
    elements = [[{"tag": "text", "text": words}]]
    return Written("interactive", {"title": title, "elements": elements})
