"""The Bot API methods, except getUpdates, which waits and lives with the server."""

import mimetypes
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.telegram_connections import (
    Spoken,
    answer,
    answerable,
    get_business_connection,
)
from tests.fakes.telegram_errors import ApiError, bad
from tests.fakes.telegram_params import (
    CAPTION_UNITS,
    TEXT_UNITS,
    Params,
    Upload,
    inline_keyboard,
    reply_keyboard,
)
from tests.fakes.telegram_state import (
    DEFAULT_KINDS,
    FILE_LINK_LIFE_S,
    QUERY_LIFE_S,
    Json,
    Message,
    State,
    StoredFile,
    Webhook,
)

Method = Callable[[State, Params], Any]

DOWNLOAD_BYTES = 20 * 1024 * 1024
DOCUMENT_BYTES = 50 * 1024 * 1024
PHOTO_BYTES = 10 * 1024 * 1024
ACTIONS = {"typing", "upload_photo", "upload_document", "record_voice", "upload_voice"}
ACTIONS |= {"record_video", "upload_video", "choose_sticker", "find_location"}
PORTS = {80, 88, 443, 8443}
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)


class Described:
    """A result that comes with a description, as the webhook methods answer."""

    def __init__(self, result: Any, description: str) -> None:
        self.result = result
        self.description = description


def get_me(state: State, params: Params) -> Json:
    return state.me


def _peer(state: State, params: Params) -> tuple[int, Spoken | None]:
    """Whom a call is for, and in whose name if not the bot's own. Raises ApiError."""
    spoken = answerable(state, params)
    account = state.chat(params.chat_id()) if spoken is None else spoken[1]
    return account.id, spoken


def _messages(state: State, chat_id: int, spoken: Spoken | None) -> dict[int, Message]:
    return (state.chats if spoken is None else spoken[0].chats).get(chat_id, {})


def send_message(state: State, params: Params) -> Json:
    peer = _peer(state, params)
    text, entities = params.formatted("text", TEXT_UNITS)
    if not text:
        raise bad("message text is empty")
    body: Json = {"text": text} | ({"entities": entities} if entities else {})
    return _send(state, params, peer, body)


def _send(state: State, params: Params, peer: tuple[int, Spoken | None], body: Json) -> Json:
    rows, keyboard = inline_keyboard(params), reply_keyboard(params)
    chat_id, spoken = peer
    body = _reply(params, _messages(state, chat_id, spoken)) | body
    if rows:
        body["reply_markup"] = {"inline_keyboard": rows}
    if params.flag("protect_content"):
        body["has_protected_content"] = True
    state.spend(chat_id)
    if spoken is not None:
        return answer(state, spoken, body)
    if keyboard is not None:
        state.keyboards[chat_id] = keyboard
    return state.put(chat_id, body, incoming=False)


def _reply(params: Params, chat: dict[int, Message]) -> Json:
    wanted = params.values.get("reply_parameters") or {}
    message_id = wanted.get("message_id") or params.integer("reply_to_message_id")
    if not message_id:
        return {}
    message = chat.get(int(message_id))
    if message is None:
        if wanted.get("allow_sending_without_reply"):
            return {}
        raise bad("message to be replied not found")
    quoted = {key: value for key, value in message.body.items() if key != "reply_to_message"}
    return {"reply_to_message": quoted}


def _own(state: State, params: Params) -> Message:
    chat_id, spoken = _peer(state, params)
    message = _messages(state, chat_id, spoken).get(params.integer("message_id"))
    if message is None:
        raise bad("message to edit not found")
    if message.incoming or (spoken is not None and "sender_business_bot" not in message.body):
        raise bad("message can't be edited")
    return message


def edit_message_text(state: State, params: Params) -> Json:
    message = _own(state, params)
    text, entities = params.formatted("text", TEXT_UNITS)
    if not text:
        raise bad("message text is empty")
    if "text" not in message.body:
        raise bad("there is no text in the message to edit")
    return _edit(state, message, {"text": text, "entities": entities}, inline_keyboard(params))


def edit_message_reply_markup(state: State, params: Params) -> Json:
    message = _own(state, params)
    return _edit(state, message, {}, inline_keyboard(params))


def _edit(state: State, message: Message, content: Json, rows: list[list[Json]] | None) -> Json:
    """Change the text and the buttons; buttons that are not sent again disappear."""
    new = {**message.body, **content}
    if rows:
        new["reply_markup"] = {"inline_keyboard": rows}
    else:
        new.pop("reply_markup", None)
    if not new.get("entities"):
        new.pop("entities", None)
    if new == message.body:
        raise bad(NOT_MODIFIED)
    state.spend(message.body["chat"]["id"])
    message.body = {**new, "edit_date": state.now()}
    message.edited = message.edited or bool(content)
    state.change()
    return message.body


def delete_message(state: State, params: Params) -> bool:
    account = state.chat(params.chat_id())
    message = state.chats.get(account.id, {}).get(params.integer("message_id"))
    if message is None:
        raise bad("message to delete not found")
    if state.now() - message.body["date"] > 48 * 3600:
        raise bad("message can't be deleted for everyone")
    del state.chats[account.id][message.body["message_id"]]
    state.change()
    return True


def answer_callback_query(state: State, params: Params) -> bool:
    query = state.queries.get(params.text("callback_query_id"))
    if query is None or query.answered or state.clock() - query.asked_at > QUERY_LIFE_S:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    text = params.text("text")
    if len(text) > 200:
        raise bad("MESSAGE_TOO_LONG")
    query.answered, query.text, query.alert = True, text, params.flag("show_alert")
    state.change()
    return True


def _file(state: State, params: Params, name: str, limit: int) -> StoredFile:
    given = params.text(name)
    field = given.removeprefix("attach://") if given.startswith("attach://") else name
    upload: Upload | None = params.uploads.get(field)
    if upload is None:
        if given in state.files:
            return state.files[given]
        if given.startswith(("http://", "https://")):
            raise bad("failed to get HTTP URL content")  # nothing outside can be reached
        kind = (
            "wrong file identifier/HTTP URL specified"
            if given
            else f"there is no {name} in the request"
        )
        raise bad(kind)
    if not upload.data:
        raise bad("file must be non-empty")
    if len(upload.data) > limit:
        raise ApiError(413, "Request Entity Too Large")
    guessed = mimetypes.guess_type(upload.name)[0]
    return state.keep(upload.data, upload.name, guessed or upload.mime_type)


def _caption(params: Params) -> Json:
    text, entities = params.formatted("caption", CAPTION_UNITS)
    body: Json = {"caption": text} if text else {}
    return body | ({"caption_entities": entities} if text and entities else {})


def send_document(state: State, params: Params) -> Json:
    peer = _peer(state, params)
    caption = _caption(params)
    file = _file(state, params, "document", DOCUMENT_BYTES)
    return _send(state, params, peer, {"document": as_document(file)} | caption)


def send_photo(state: State, params: Params) -> Json:
    peer = _peer(state, params)
    caption = _caption(params)
    file = _file(state, params, "photo", PHOTO_BYTES)
    return _send(state, params, peer, {"photo": as_photo(file)} | caption)


def as_document(file: StoredFile) -> Json:
    return {**_ids(file), "file_name": file.name, "mime_type": file.mime_type}


def as_photo(file: StoredFile) -> list[Json]:
    """Two sizes, the last one being the largest."""
    thumbnail = {**_ids(file), "file_unique_id": f"{file.unique_id}s", "width": 90, "height": 67}
    return [thumbnail, {**_ids(file), "width": 1280, "height": 960}]


def _ids(file: StoredFile) -> Json:
    return {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": len(file.data)}


def get_file(state: State, params: Params) -> Json:
    file = state.files.get(params.text("file_id"))
    if file is None:
        raise bad("wrong file_id or the file is temporarily unavailable")
    if len(file.data) > DOWNLOAD_BYTES:
        raise bad("file is too big")
    number = list(state.files).index(file.id)
    folder = file.mime_type.partition("/")[0]
    file.path = f"{folder}/file_{number}{mimetypes.guess_extension(file.mime_type) or ''}"
    file.link_until = state.clock() + FILE_LINK_LIFE_S
    return {**_ids(file), "file_path": file.on_disk or file.path}


def send_chat_action(state: State, params: Params) -> bool:
    chat_id, spoken = _peer(state, params)
    if params.text("action") not in ACTIONS:
        raise bad("wrong parameter action in request")
    if spoken is None:
        state.typing[chat_id] = state.clock()
    state.change()
    return True


def set_my_commands(state: State, params: Params) -> bool:
    commands = params.values.get("commands")
    if not isinstance(commands, list) or len(commands) > 100:
        raise bad("expected an Array of BotCommand")
    for command in commands:
        if not re.fullmatch(r"/?[a-z0-9_]{1,32}", str(command.get("command", ""))):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    state.commands = commands
    state.change()
    return True


def get_my_commands(state: State, params: Params) -> list[Json]:
    return state.commands


def set_webhook(state: State, params: Params) -> Described:
    url = params.text("url").strip()
    if not url:
        return delete_webhook(state, params)
    _check_webhook(url)
    secret = params.text("secret_token")
    if len(secret) > 256:
        raise bad("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad("secret token contains unallowed characters")
    wanted = params.integer("max_connections", 40)
    allow_updates(state, params)
    if params.flag("drop_pending_updates"):
        state.updates.clear()
    old = state.webhook
    state.webhook = Webhook(url, secret or None, min(max(wanted, 1), 100))
    state.change()
    same = old is not None and (old.url, old.secret) == (url, secret or None)
    return Described(True, "Webhook is already set" if same else "Webhook was set")


def _check_webhook(url: str) -> None:
    parts = urlsplit(url)
    if parts.hostname in LOOPBACK and parts.scheme in {"http", "https"}:
        return  # only a stand-in can reach the machine it runs on; all else is as it is outside
    if parts.scheme != "https":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def allow_updates(state: State, params: Params) -> None:
    if "allowed_updates" in params.values:
        kinds = params.values["allowed_updates"] or []
        if not isinstance(kinds, list):
            raise bad("can't parse allowed updates: Array expected")
        state.allowed = frozenset(kinds) or DEFAULT_KINDS


def delete_webhook(state: State, params: Params) -> Described:
    had = state.webhook is not None
    state.webhook = None
    if params.flag("drop_pending_updates"):
        state.updates.clear()
    state.change()
    return Described(True, "Webhook was deleted" if had else "Webhook is already deleted")


def get_webhook_info(state: State, params: Params) -> Json:
    hook = state.webhook
    pending = len(state.updates)
    if hook is None:
        return {"url": "", "has_custom_certificate": False, "pending_update_count": pending}
    info: Json = {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": pending,
        "max_connections": hook.max_connections,
        "ip_address": "127.0.0.1",
    }
    if hook.last_error is not None:
        info |= {"last_error_date": hook.last_error_at, "last_error_message": hook.last_error}
    if state.allowed != DEFAULT_KINDS:
        info["allowed_updates"] = sorted(state.allowed)
    return info


METHODS: dict[str, Method] = {
    function.__name__.replace("_", ""): function
    for function in (
        get_me,
        get_business_connection,
        send_message,
        edit_message_text,
        edit_message_reply_markup,
        delete_message,
        answer_callback_query,
        send_document,
        send_photo,
        get_file,
        send_chat_action,
        set_my_commands,
        get_my_commands,
        set_webhook,
        delete_webhook,
        get_webhook_info,
    )
}
