"""The `/v1.0/card` paths: making, delivering, changing and streaming cards."""

from dataclasses import dataclass
from typing import Any

from tests.fakes.dingtalk_card import Card, Template, param_map, spaces_of
from tests.fakes.dingtalk_endpoint import Ask, Endpoint
from tests.fakes.dingtalk_errors import Json, bad, missing
from tests.fakes.dingtalk_state import Person, State

WRITE = "Card.Instance.Write"
STREAMING = "Card.Streaming.Write"
# Templates everybody may use; the official client's card classes name them.
PUBLIC = (
    "589420e2-c1e2-46ef-a5ed-b8728e654da9.schema",
    "1366a1eb-bc54-4859-ac88-517c56a9acb1.schema",
    "382e4302-551d-4880-bf29-a30acfab2e71.schema",
)
MODELS = {"IM_ROBOT": "imRobotOpen", "IM_GROUP": "imGroupOpen"}


@dataclass(frozen=True, slots=True)
class Route:
    """Where HTTP callbacks of cards go."""

    url: str
    api_secret: str


class Cards:
    """All templates and cards of the organisation."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.templates = {id: Template(id) for id in PUBLIC}
        self.cards: dict[str, Card] = {}
        self.routes: dict[str, Route] = {}

    def endpoints(self) -> list[Endpoint]:
        base = "/v1.0/card"
        table = [
            ("POST", f"{base}/instances/createAndDeliver", self.create_and_deliver, WRITE),
            ("POST", f"{base}/instances", self.create, WRITE),
            ("POST", f"{base}/instances/deliver", self.deliver, WRITE),
            ("PUT", f"{base}/instances", self.update, WRITE),
            ("PUT", f"{base}/streaming", self.stream, STREAMING),
            ("POST", f"{base}/callbacks/register", self.register, WRITE),
        ]
        return [
            Endpoint(verb=verb, path=path, answer=answer, scope=scope)
            for verb, path, answer, scope in table
        ]

    def create_and_deliver(self, ask: Ask) -> Json:
        spaces = spaces_of(ask.body.get("openSpaceId"))
        card = self._create(ask.body)
        return self._delivered(card, self._deliver(card, spaces, ask.body))

    def create(self, ask: Ask) -> Json:
        return {"success": True, "result": self._create(ask.body).out_track_id}

    def deliver(self, ask: Ask) -> Json:
        card = self._card(ask)
        spaces = spaces_of(ask.body.get("openSpaceId"))
        return self._delivered(card, self._deliver(card, spaces, ask.body))

    def _delivered(self, card: Card, results: list[Json]) -> Json:
        return {
            "success": True,
            "result": {"outTrackId": card.out_track_id, "deliverResults": results},
        }

    def _create(self, body: Json) -> Card:
        template = self._template(body.get("cardTemplateId"))
        id = body.get("outTrackId")
        if not id or not isinstance(id, str):
            raise missing("outTrackId")
        old = self.cards.get(id)
        if old is not None:
            if self._state.unconfirmed.card_reuse == "refused":
                raise bad("param.cardAlreadyExist", "卡片已存在")
            return old  # whatever template is asked for now
        callback_type = body.get("callbackType", "STREAM")
        if callback_type not in {"STREAM", "HTTP"}:
            raise bad("param.callbackTypeInvalid", "callbackType不合法")
        route_key = str(body.get("callbackRouteKey", ""))
        if callback_type == "HTTP" and route_key not in self.routes:
            raise bad("param.callbackRouteKeyInvalid", "callbackRouteKey未注册")
        card = Card(
            out_track_id=id,
            template=template,
            callback_type=callback_type,
            callback_route_key=route_key,
            user_id_type=int(body.get("userIdType", 1)),
            open_spaces=frozenset(
                kind for kind, model in MODELS.items() if f"{model}SpaceModel" in body
            ),
            data=param_map(body.get("cardData")),
        )
        self._set_private(card, body.get("privateData"), by_key=True)
        self.cards[id] = card
        self._state.change()
        return card

    def _template(self, id: Any) -> Template:
        template = self.templates.get(id)
        if template is None:
            raise bad("param.templateNotExist", "模板不存在")
        if not template.published:
            raise bad("param.templateUnpublished", "模板未发布")
        return template

    def _deliver(self, card: Card, spaces: list[tuple[str, str]], body: Json) -> list[Json]:
        """Put the card where it can go; each space says for itself how that went."""
        results: list[Json] = []
        for kind, id in spaces:
            conversation_id, trouble = self._conversation(kind, id)
            if kind not in card.open_spaces:
                trouble = "spaces of card is empty"
            elif f"{MODELS[kind]}DeliverModel" not in body:
                trouble = f"{MODELS[kind]}DeliverModel is empty"
            if not trouble:
                card.spaces.append(conversation_id)
                recipients = body[f"{MODELS[kind]}DeliverModel"].get("recipients")
                if recipients:
                    card.recipients[conversation_id] = list(recipients)
            results.append(
                {
                    "spaceType": kind,
                    "spaceId": id,
                    "success": not trouble,
                    "carrierId": "" if trouble else self._state.fresh("carrier"),
                    "errorMsg": trouble,
                }
            )
        self._state.change()
        return results

    def _conversation(self, kind: str, id: str) -> tuple[str, str]:
        """The conversation of a space, and what stands against it."""
        if kind == "IM_GROUP":
            group = self._state.groups.get(id)
            return id, "" if group is not None and group.robot else "chatbot not in conversation"
        person = self._state.person(id)
        if person is None or not person.user_id or not person.active:
            return "", "staffId not exist"
        return person.conversation_id, ""

    def _card(self, ask: Ask) -> Card:
        card = self.cards.get(ask.text("outTrackId"))
        if card is None:
            raise bad("param.cardNotExist", "卡片不存在")
        return card

    def update(self, ask: Ask) -> Json:
        card, body = self._card(ask), ask.body
        options = body.get("cardUpdateOptions") or {}
        if "cardData" in body:
            by_key = bool(options.get("updateCardDataByKey"))
            card.change(param_map(body["cardData"]), by_key=by_key)
        by_key = bool(options.get("updatePrivateDataByKey"))
        self._set_private(card, body.get("privateData"), by_key=by_key)
        self._state.change()
        return {"success": True, "result": True}

    def _set_private(self, card: Card, given: Any, *, by_key: bool) -> None:
        """Data for single people, keyed by their id; unknown ids are passed over."""
        for id, holder in (given or {}).items():
            person = self._state.person(id)
            if person is not None:
                self.set_for(card, person, param_map(holder, "privateData"), by_key=by_key)

    def set_for(self, card: Card, person: Person, new: dict[str, str], *, by_key: bool) -> None:
        old = card.private.get(person.union_id, {}) if by_key else {}
        card.private[person.union_id] = old | new

    def stream(self, ask: Ask) -> Json:
        """One piece of a text; the same guid again changes nothing."""
        card, body = self._card(ask), ask.body
        guid, key = ask.text("guid"), ask.text("key")
        piece = body.get("content")
        if not isinstance(piece, str):
            raise missing("content")
        if guid not in card.guids:
            card.guids.add(guid)
            whole = piece if body.get("isFull") else card.data.get(key, "") + piece
            card.change({key: whole}, by_key=True)
            card.stream = "open"
            if body.get("isFinalize"):
                card.stream = "final"
            if body.get("isError"):
                card.stream = "error"
        self._state.change()
        return {"success": True, "result": True}

    def register(self, ask: Ask) -> Json:
        """Say where HTTP callbacks go; a known key stays as it is without forceUpdate."""
        key, url = ask.text("callbackRouteKey"), ask.text("callbackUrl")
        if key not in self.routes or ask.body.get("forceUpdate"):
            secret = str(ask.body.get("apiSecret") or self._state.fresh("secret"))
            self.routes[key] = Route(url, secret)
        route = self.routes[key]
        result = {"callbackUrl": route.url, "apiSecret": route.api_secret}
        return {"success": True, "result": result}
