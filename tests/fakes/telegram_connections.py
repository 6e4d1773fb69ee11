"""Business connections as the platform keeps them, and what the bot may do over one.

The wordings of refusals come from reports, not from a run against the real platform; what is
needed (an enabled connection, the right, a message of the last 24 hours) is documented.
"""

from tests.fakes.telegram_errors import ApiError, bad
from tests.fakes.telegram_params import Params
from tests.fakes.telegram_state import Account, Connection, Json, Message, State

ANSWERABLE_S = 24 * 3600
Spoken = tuple[Connection, Account]


def announce(state: State, connection: Connection) -> None:
    """Tell the bot how a connection stands."""
    state.change()
    state.enqueue("business_connection", connection.body(), ("connection", connection.id))


def put(state: State, connection: Connection, person: Account, author: Json, body: Json) -> Json:
    """Store a message of the owner's chat with a person and return it whole."""
    whole = {
        "message_id": next(connection.ids),
        "from": author,
        "chat": person.as_chat(),
        "date": state.now(),
        "business_connection_id": connection.id,
        **body,
    }
    chat = connection.chats.setdefault(person.id, {})
    chat[whole["message_id"]] = Message(whole, author["id"] == person.id)
    state.change()
    return whole


# What the bot asks


def get_business_connection(state: State, params: Params) -> Json:
    return _known(state, params).body()


def _known(state: State, params: Params) -> Connection:
    connection = state.connections.get(params.text("business_connection_id"))
    if connection is None:
        raise bad("business connection not found")
    return connection


def answerable(state: State, params: Params) -> Spoken | None:
    """Whose name a call speaks in, and to whom; None for the bot's own. Raises ApiError."""
    if not params.text("business_connection_id"):
        return None
    connection, person = _known(state, params), state.accounts.get(params.chat_id())
    if not connection.enabled:
        raise bad("BUSINESS_CONNECTION_INVALID")
    if "can_reply" not in connection.rights:
        raise ApiError(403, "Forbidden: BOT_ACCESS_FORBIDDEN")
    if person is None or person.id in connection.kept_out or person.id == connection.owner.id:
        raise bad("BUSINESS_PEER_INVALID")
    said = connection.chats.get(person.id, {}).values()
    heard_at = max((one.body["date"] for one in said if one.incoming), default=0)
    if state.now() - heard_at > ANSWERABLE_S:
        raise bad("BUSINESS_PEER_USAGE_MISSING")
    return connection, person


def answer(state: State, spoken: Spoken, body: Json) -> Json:
    """Say something in the owner's name: it looks like theirs, and says that a bot sent it."""
    connection, person = spoken
    by_bot = body | {"sender_business_bot": state.as_bot()}
    return put(state, connection, person, connection.owner.as_user(), by_bot)
