"""Bodies of app messages: what is cut to size, and what is refused for it."""

from collections.abc import Callable

from tests.fakes import wecom_cards
from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_request import Fields, cut
from tests.fakes.wecom_state import State

TEXT_BYTES = 2048

Render = Callable[[State, Fields], Json]


def content(state: State, body: Fields) -> tuple[str, Json]:
    """msgtype and content as the members get it; raises ApiError."""
    msgtype = body.text("msgtype")
    if msgtype not in RENDERS:
        raise ApiError(40008, msgtype)
    return msgtype, RENDERS[msgtype](state, body.fields(msgtype))


def _text(state: State, text: Fields) -> Json:
    return {"content": cut(text.text("content", empty=44004), TEXT_BYTES)}


def _markdown(state: State, text: Fields) -> Json:
    return {"content": text.text("content", most=TEXT_BYTES, empty=44004)}


def _textcard(state: State, card: Fields) -> Json:
    return {
        "title": cut(card.text("title"), 128),
        "description": cut(card.text("description"), 512),
        "url": card.text("url"),
        "btntxt": card.text("btntxt", default="详情")[:4],
    }


def _media(kind: str) -> Render:
    def render(state: State, media: Fields) -> Json:
        return {"media_id": state.files.find(media.text("media_id"), state.clock(), kind).media_id}

    return render


def _video(state: State, video: Fields) -> Json:
    file = state.files.find(video.text("media_id"), state.clock(), "video")
    title, description = (video.text(name, default="") for name in ("title", "description"))
    return {
        "media_id": file.media_id,
        "title": cut(title, 128),
        "description": cut(description, 512),
    }


def news(state: State, body: Fields) -> Json:
    articles = []
    for article in body.each("articles", least=1, most=8, errcode=45008):
        shown: Json = {"title": cut(article.text("title"), 128), "url": article.text("url")}
        shown["description"] = cut(article.text("description", default=""), 512)
        shown["picurl"] = article.text("picurl", default="")
        articles.append(shown)
    return {"articles": articles}


def _card(state: State, card: Fields) -> Json:
    wecom_cards.check(card)
    return card.values


RENDERS: dict[str, Render] = {
    "text": _text,
    "markdown": _markdown,
    "textcard": _textcard,
    "image": _media("image"),
    "voice": _media("voice"),
    "file": _media("file"),
    "video": _video,
    "news": news,
    "template_card": _card,
}
