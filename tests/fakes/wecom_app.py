"""App messages to members: sending, recalling, and updating a card."""

from dataclasses import dataclass

from tests.fakes import wecom_cards
from tests.fakes.wecom_app_content import content
from tests.fakes.wecom_directory import ACTIVE, Entry
from tests.fakes.wecom_doubts import DAY_S, HOUR_S
from tests.fakes.wecom_errors import ApiError, Json
from tests.fakes.wecom_request import Asked, Endpoint, Fields
from tests.fakes.wecom_state import App, Received, ResponseCode, Sent, State, opaque

EVERYBODY = "@all"
USERS, PARTIES, TAGS = 1000, 100, 100
DUPLICATE_S, DUPLICATE_MOST_S = 1800, 4 * HOUR_S


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who gets a message, and which of the names given are no good. Ids come lower-cased."""

    members: list[str]
    users: list[str]
    parties: list[str]
    tags: list[str]


def recipients(
    state: State, app: App, users: list[str], parties: list[str], tags: list[str]
) -> Recipients:
    """Resolve names; 82001 for none at all, 81013 when none of them is any good."""
    if not users and not parties and not tags:
        raise ApiError(82001)
    reachable = {e.key: e for e in state.directory.members.values() if _reachable(state, app, e)}
    if EVERYBODY in users:
        return Recipients(list(reachable), [], [], [])
    found = {name.lower(): name.lower() in reachable for name in users}
    bad_parties, bad_tags = [], []
    for party in parties:
        number = int(party) if party.isdecimal() else 0
        inside = [e.key for e in state.directory.of_department(number) if e.key in reachable]
        found |= dict.fromkeys(inside, True)
        bad_parties += [] if inside else [party]
    for tag in tags:
        inside = [key for key in state.directory.tags.get(tag, set()) if key in reachable]
        found |= dict.fromkeys(inside, True)
        bad_tags += [] if inside else [tag]
    members = [key for key, good in found.items() if good]
    if not members:
        raise ApiError(81013)
    invalid = [key for key, good in found.items() if not good]
    return Recipients(members, invalid, bad_parties, bad_tags)


def _reachable(state: State, app: App, entry: Entry) -> bool:
    active = entry.status == ACTIVE or not state.doubts.inactive_members_invalid
    return active and state.visible(app, entry)


def own_agent(app: App, body: Fields) -> None:
    """A token is good for its own app only."""
    if body.integer("agentid") != app.agentid:
        raise ApiError(301002)


def send(state: State, asked: Asked) -> Json:
    body, app = asked.fields, asked.app
    own_agent(app, body)
    users, parties = _split(body, "touser", USERS), _split(body, "toparty", PARTIES)
    who = recipients(state, app, users, parties, _split(body, "totag", TAGS))
    body.integer("safe", 0, least=0, most=1)
    body.integer("enable_id_trans", 0, least=0, most=1)
    msgtype, inside = content(state, body)
    card = Fields(inside) if msgtype == "template_card" else None
    if card is not None:
        _card(state, app, card)
    answer = {
        "invaliduser": "|".join(who.users),
        "invalidparty": "|".join(who.parties),
        "invalidtag": "|".join(who.tags),
        "unlicenseduser": "",
    }
    if first := _sent_before(state, asked):
        if state.doubts.duplicate_send_errcode:
            raise ApiError(state.doubts.duplicate_send_errcode, "duplicate")
        return answer | {"msgid": first}
    _person_times(state, app, len(who.members))
    msgid = opaque()
    state.bodies[app.agentid, asked.raw] = state.clock(), msgid
    _deliver(state, app, Sent(msgid, app.agentid, state.clock(), who.members), msgtype, inside)
    if card is not None:
        state.task_ids[app.agentid, card.text("task_id", default=msgid)] = msgid
        if wecom_cards.calls_back(card):
            answer["response_code"] = response_code(state, app.agentid, msgid)
    return answer | {"msgid": msgid}


def _split(body: Fields, name: str, most: int) -> list[str]:
    names = [part.strip() for part in body.text(name, default="").split("|") if part.strip()]
    if len(names) > most:
        raise body.wrong(name, f"{len(names)} names, {most} allowed")
    return names


def _card(state: State, app: App, card: Fields) -> None:
    """What a card needs besides its form: a task_id of its own, somebody to call back."""
    if (app.agentid, card.text("task_id", default="")) in state.task_ids:
        raise ApiError(42014, "task_id was used before")
    if wecom_cards.calls_back(card) and app.callback is None:
        raise ApiError(state.doubts.card_without_callback_errcode, "no callback URL")


def _sent_before(state: State, asked: Asked) -> str:
    """The msgid of the same body, sent within the interval that was asked for; "" if none was."""
    body = asked.fields
    checking = body.integer("enable_duplicate_check", 0, least=0, most=1)
    interval = body.integer("duplicate_check_interval", DUPLICATE_S, least=1, most=DUPLICATE_MOST_S)
    at, msgid = state.bodies.get((asked.app.agentid, asked.raw), (0.0, ""))
    return msgid if checking and state.clock() - at <= interval else ""


def _person_times(state: State, app: App, times: int) -> None:
    most = state.account_cap * state.limits.person_times_per_account
    if not state.meters.take(("person-times", app.agentid), (most, DAY_S), times=times):
        raise ApiError(45009, f"{most} person-times a day")


def _deliver(state: State, app: App, sent: Sent, msgtype: str, inside: Json) -> None:
    """Into every inbox; whoever has had too much gets nothing, and nobody is told."""
    state.sent[sent.msgid] = sent
    for key in sent.members:
        if state.meters.take((app.agentid, key), *state.limits.per_app_and_member):
            copy = Received(sent.msgid, app.agentid, msgtype, inside, sent.at)
            state.inboxes.setdefault(key, []).append(copy)


def response_code(state: State, agentid: int, msgid: str) -> str:
    """A new code that allows one update of a card."""
    value = opaque() + opaque()
    expires_at = state.clock() + state.doubts.response_code_life_s
    state.response_codes[value] = ResponseCode(msgid, agentid, expires_at)
    return value


def recall(state: State, asked: Asked) -> Json:
    sent = state.sent.get(asked.fields.text("msgid"))
    if sent is None or sent.agentid != asked.app.agentid or state.clock() - sent.at > DAY_S:
        raise ApiError(state.doubts.recall_errcode, "unknown, of another app, or too old")
    for copy in _copies(state, sent.msgid, sent.members):
        copy.recalled = True
    return {}


def _copies(state: State, msgid: str, members: list[str]) -> list[Received]:
    return [copy for key in members for copy in state.inboxes.get(key, []) if copy.msgid == msgid]


def update_template_card(state: State, asked: Asked) -> Json:
    """Lists here, in the question as in the answer."""
    body, app = asked.fields, asked.app
    own_agent(app, body)
    users = body.texts("userids", most=USERS)
    parties = [str(number) for number in body.integers("partyids", most=PARTIES)]
    tags = [str(number) for number in body.integers("tagids", most=TAGS)]
    everybody = body.integer("atall", 0, least=0, most=1)
    who = recipients(state, app, [EVERYBODY] if everybody else users, parties, tags)
    if body.has("button") == body.has("template_card"):
        raise body.wrong("button", "either this or template_card")
    if body.has("button"):
        replaced, card = body.fields("button").text("replace_name"), {}
    else:
        fields = body.fields("template_card")
        wecom_cards.check(fields, updating=True)
        replaced, card = fields.text("replace_text", default=""), fields.values
    code = _redeem(state, app, body.text("response_code"))
    for copy in _copies(state, code.msgid, who.members):
        copy.replaced = replaced
        if card:
            copy.content = {"task_id": copy.content.get("task_id", "")} | card
    return {"invaliduser": who.users}


def _redeem(state: State, app: App, value: str) -> ResponseCode:
    code = state.response_codes.get(value)
    if code is None:
        raise ApiError(40029, "unknown response_code")
    if code.agentid != app.agentid:
        raise ApiError(42015)
    if code.used:
        raise ApiError(42022)
    if state.clock() > code.expires_at:
        raise ApiError(42003)
    code.used = True
    return code


ENDPOINTS = {
    "message/send": Endpoint(send, empty={"invaliduser": "", "invalidparty": "", "invalidtag": ""}),
    "message/recall": Endpoint(recall),
    "message/update_template_card": Endpoint(update_template_card, empty={"invaliduser": []}),
}
