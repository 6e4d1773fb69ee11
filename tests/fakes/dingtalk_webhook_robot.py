"""Custom robots of groups: one-way, opened by a token and what their makers chose besides."""

import hmac
from collections import deque
from dataclasses import dataclass, field

from tests.fakes.dingtalk_content import Content, ContentError, from_webhook
from tests.fakes.dingtalk_crypto import robot_sign
from tests.fakes.dingtalk_endpoint import Ask, Endpoint, free
from tests.fakes.dingtalk_errors import Json, OapiError, ok
from tests.fakes.dingtalk_inbound import rung
from tests.fakes.dingtalk_state import Message, State

PER_MINUTE = 20
BLOCKED_S = 600
WINDOW_MS = 3_600_000
MENTIONS = 50
KEYWORDS = 10


@dataclass(slots=True, kw_only=True)
class WebhookRobot:
    """One robot with its address and its locks."""

    token: str
    url: str  # with the token; timestamp and sign are for the caller to add
    conversation_id: str
    secret: str
    keywords: tuple[str, ...]
    ip_allowed: bool = True
    sent: deque[float] = field(default_factory=deque)
    blocked_until: float = 0.0
    uuids: set[str] = field(default_factory=set)


class WebhookRobots:
    """All custom robots, by token."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._robots: dict[str, WebhookRobot] = {}

    def endpoints(self) -> list[Endpoint]:
        return [free("POST", "/robot/send", self.send)]

    def add(self, conversation_id: str, secret: str, keywords: tuple[str, ...]) -> WebhookRobot:
        if not self._state.unconfirmed.webhook_robots:
            raise RuntimeError("custom robots cannot be added here any more")
        if len(keywords) > KEYWORDS:
            raise ValueError(f"at most {KEYWORDS} keywords")
        token = self._state.fresh("robot")
        robot = WebhookRobot(
            token=token,
            url=f"{self._state.bases['oapi']}/robot/send?access_token={token}",
            conversation_id=conversation_id,
            secret=secret,
            keywords=keywords,
        )
        self._robots[token] = robot
        return robot

    def send(self, ask: Ask) -> Json:
        token = ask.query.get("access_token")
        if not token:
            raise OapiError(400101, "access_token不存在")
        robot = self._robots.get(token)
        if robot is None:
            raise OapiError(300005, "token is not exist")
        try:
            content = from_webhook(ask.fields)
        except ContentError as error:
            raise OapiError(40035, f"不合法的参数: {error}") from None
        self._unlock(robot, ask, content)
        at = ask.fields.get("at")
        if isinstance(at, dict) and len(at.get("atUserIds") or []) > MENTIONS:
            raise OapiError(40035, f"不合法的参数: at超过{MENTIONS}人")
        uuid = str(ask.fields.get("msgUuid") or "")
        if uuid and uuid in robot.uuids:
            return ok()  # said already
        self._meter(robot)
        robot.uuids.add(uuid)
        self._put(robot, content, at)
        return ok()

    def _unlock(self, robot: WebhookRobot, ask: Ask, content: Content) -> None:
        if robot.secret:
            timestamp, sign = ask.query.get("timestamp", ""), ask.query.get("sign", "")
            if not timestamp.isdigit() or abs(self._state.now_ms() - int(timestamp)) > WINDOW_MS:
                raise _locked(
                    "机器人发送签名过期", "签名生成时间和发送时间请保持在 timestampms 以内"
                )
            if not hmac.compare_digest(robot_sign(robot.secret, timestamp).encode(), sign.encode()):
                raise _locked(
                    "机器人发送签名不匹配", "请确认签名和生成签名的时间戳必须都放在调用的网址中"
                )
        words = f"{content.title}\n{content.text}"
        if robot.keywords and not any(word in words for word in robot.keywords):
            raise _locked("关键词不匹配", "请联系群管理员查看此机器人的关键词")
        if not robot.ip_allowed:
            raise _locked("机器人发送IP不在白名单内", "请联系群管理员查看此机器人的IP白名单")

    def _meter(self, robot: WebhookRobot) -> None:
        """20 a minute; the one too many blocks the robot for ten minutes."""
        if not self._state.limits:
            return
        now = self._state.pace()
        while robot.sent and now - robot.sent[0] >= 60:
            robot.sent.popleft()
        if now >= robot.blocked_until and len(robot.sent) < PER_MINUTE:
            robot.sent.append(now)
            return
        if now >= robot.blocked_until:
            robot.blocked_until = now + BLOCKED_S
        code = self._state.unconfirmed.webhook_rate_code
        raise OapiError(code, "send too fast, exceed 20 times per minute")

    def _put(self, robot: WebhookRobot, content: Content, at: object) -> None:
        state = self._state
        state.put(
            Message(
                state.fresh("msg"),
                robot.conversation_id,
                "",
                content,
                "webhook",
                state.clock(),
                mentioned=rung(state, robot.conversation_id, content, at),
            )
        )


def _locked(description: str, solution: str) -> OapiError:
    return OapiError(310000, f"错误描述:{description};解决方案:{solution};")
