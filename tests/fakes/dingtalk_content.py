"""What a message says, read from the two ways a robot can write it."""

import json
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# msgKey → kind, and the keys its msgParam must have.
SAMPLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "sampleText": ("text", ("content",)),
    "sampleMarkdown": ("markdown", ("title", "text")),
    "sampleImageMsg": ("image", ("photoURL",)),
    "sampleLink": ("link", ("text", "title", "picUrl", "messageUrl")),
    "sampleActionCard": ("actionCard", ("title", "text", "singleTitle", "singleURL")),
    "sampleActionCard6": (
        "actionCard",
        ("title", "text", "buttonTitle1", "buttonUrl1", "buttonTitle2", "buttonUrl2"),
    ),
    "sampleAudio": ("audio", ("mediaId", "duration")),
    "sampleFile": ("file", ("mediaId", "fileName", "fileType")),
    "sampleVideo": ("video", ("videoMediaId", "videoType", "picMediaId", "duration")),
} | {
    f"sampleActionCard{count}": (
        "actionCard",
        (
            "title",
            "text",
            *(f"action{x}{n}" for n in range(1, count + 1) for x in ("Title", "URL")),
        ),
    )
    for count in range(2, 6)
}


class ContentError(Exception):
    """Says what is wrong with a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One message's words; `links` are buttons that open a URL, `raw` is what was sent."""

    kind: str
    raw: Json
    text: str = ""
    title: str = ""
    links: tuple[tuple[str, str], ...] = ()


def from_sample(key: str, param: Any) -> Content:
    """Content of msgKey and msgParam; raises ContentError."""
    if key not in SAMPLES:
        raise ContentError(f"msgKey {key} does not exist")
    kind, wanted = SAMPLES[key]
    if not isinstance(param, str):
        raise ContentError("msgParam is a JSON string")  # the usual mistake is an object
    try:
        given = json.loads(param)
    except ValueError:
        raise ContentError("msgParam is not JSON") from None
    if not isinstance(given, dict):
        raise ContentError("msgParam is not a JSON object")
    if lacking := [name for name in wanted if given.get(name) in (None, "")]:
        raise ContentError(f"msgParam lacks {', '.join(lacking)}")
    return Content(
        kind=kind,
        raw=given,
        text=str(given.get("content") or given.get("text") or given.get("fileName") or ""),
        title=str(given.get("title", "")),
        links=_sample_links(given),
    )


def _sample_links(given: Json) -> tuple[tuple[str, str], ...]:
    pairs = [("singleTitle", "singleURL"), ("title", "messageUrl")]
    for n in range(1, 6):
        pairs += [(f"actionTitle{n}", f"actionURL{n}"), (f"buttonTitle{n}", f"buttonUrl{n}")]
    return tuple((str(given[a]), str(given[b])) for a, b in pairs if a in given and b in given)


def from_webhook(body: Json) -> Content:
    """Content of a body for a webhook or of a callback answer; raises ContentError."""
    kind = body.get("msgtype")
    if kind not in {"text", "markdown", "link", "actionCard", "feedCard"}:
        raise ContentError(f"msgtype {kind} is not supported")
    given = body.get(kind)
    if not isinstance(given, dict):
        raise ContentError(f"{kind} is missing")
    wanted = {
        "text": ("content",),
        "markdown": ("title", "text"),
        "link": ("title", "text", "messageUrl"),
        "actionCard": ("title", "text"),
        "feedCard": ("links",),
    }[kind]
    if lacking := [name for name in wanted if not given.get(name)]:
        raise ContentError(f"{kind} lacks {', '.join(lacking)}")
    return Content(
        kind=kind,
        raw=given,
        text=str(given.get("content") or given.get("text") or ""),
        title=str(given.get("title", "")),
        links=_webhook_links(kind, given),
    )


def _webhook_links(kind: str, given: Json) -> tuple[tuple[str, str], ...]:
    if kind == "link":
        return ((str(given["title"]), str(given["messageUrl"])),)
    if kind == "feedCard":
        return tuple((str(x.get("title")), str(x.get("messageURL"))) for x in given["links"])
    if "singleTitle" in given:
        return ((str(given["singleTitle"]), str(given.get("singleURL"))),)
    return tuple((str(x.get("title")), str(x.get("actionURL"))) for x in given.get("btns", []))
