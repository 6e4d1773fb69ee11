"""The organisation with everything that works in it, put together."""

from dataclasses import dataclass, field

from tests.fakes.dingtalk_card_api import Cards
from tests.fakes.dingtalk_directory import Directory
from tests.fakes.dingtalk_endpoint import Endpoint
from tests.fakes.dingtalk_events import Events
from tests.fakes.dingtalk_inbound import Inbound
from tests.fakes.dingtalk_login import Login
from tests.fakes.dingtalk_notices import Notices
from tests.fakes.dingtalk_post import Post
from tests.fakes.dingtalk_press import Presses
from tests.fakes.dingtalk_robot import Initiative
from tests.fakes.dingtalk_state import State
from tests.fakes.dingtalk_stream import Stream
from tests.fakes.dingtalk_tokens import Tokens
from tests.fakes.dingtalk_webhook_robot import WebhookRobots


@dataclass(slots=True)
class Platform:
    """Every part, made from the state and two real times."""

    state: State
    disconnect_pause_s: float
    push_timeout_s: float
    tokens: Tokens = field(init=False)
    stream: Stream = field(init=False)
    post: Post = field(init=False)
    inbound: Inbound = field(init=False)
    initiative: Initiative = field(init=False)
    webhook_robots: WebhookRobots = field(init=False)
    cards: Cards = field(init=False)
    presses: Presses = field(init=False)
    directory: Directory = field(init=False)
    login: Login = field(init=False)
    notices: Notices = field(init=False)
    events: Events = field(init=False)

    def __post_init__(self) -> None:
        state = self.state
        self.tokens = Tokens(state)
        self.stream = Stream(state, self.disconnect_pause_s)
        self.post = Post(state, self.stream, self.push_timeout_s)
        self.inbound = Inbound(state, self.post)
        self.initiative = Initiative(state)
        self.webhook_robots = WebhookRobots(state)
        self.cards = Cards(state)
        self.presses = Presses(state, self.cards, self.post)
        self.directory = Directory(state)
        self.login = Login(state)
        self.notices = Notices(state)
        self.events = Events(state, self.post)

    def endpoints(self) -> list[Endpoint]:
        return [
            *self.tokens.endpoints(),
            *self.stream.endpoints(),
            *self.inbound.endpoints(),
            *self.initiative.endpoints(),
            *self.webhook_robots.endpoints(),
            *self.cards.endpoints(),
            *self.directory.endpoints(),
            *self.login.endpoints(),
            *self.notices.endpoints(),
        ]
