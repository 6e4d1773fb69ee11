"""The platforms members sign in on, with two people on each, for an office to run with."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from bot.channels.base import Channel
from bot.channels.dingtalk import DingTalk
from bot.channels.feishu import Feishu
from bot.channels.wecom import WeCom
from tests.contract.place_dingtalk import config_for
from tests.contract.place_feishu import feishu_config, feishu_fake
from tests.contract.place_wecom import FAST, config_of
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.wecom import FakeWeCom, Limits

PHONE_IN_WECOM = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Mobile/15E148 wxwork/4.1.22 MicroMessenger/7.0.1 Language/zh ColorScheme/Light"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Somebody of the company on a platform."""

    address: str
    confirm: Callable[[], None]  # it is they who sit at the page to sign in on
    texts: Callable[[], list[str]]  # what the bot wrote to them


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """A platform, our channel to it, two members, and everything it was ever told."""

    name: str
    channel: Channel
    lina: Member
    zhao: Member
    told: Callable[[], str]
    down: Callable[[], None]
    fake: Any = field(repr=False)


@asynccontextmanager
async def wecom_stand() -> AsyncIterator[Stand]:
    async with FakeWeCom(limits=Limits(per_app_and_member=())) as fake:

        def member(userid: str) -> Member:
            person = fake.member(userid)
            return Member(
                address=f"app/{userid.lower()}",
                confirm=lambda: fake.sign_in_as(person),
                texts=lambda: [str(one.content.get("content", "")) for one in person.messages()],
            )

        base = fake.sign_in_base
        channel = WeCom(config_of(fake, sign_in_base=base, kf=False, per_member=FAST))
        yield Stand(
            name="wecom",
            channel=channel,
            lina=member("LiNa"),
            zhao=member("ZhaoYun"),
            told=lambda: repr([(one.endpoint, one.query, one.body) for one in fake.state.calls]),
            down=lambda: fake.drop_before_delivery("auth/getuserinfo"),
            fake=fake,
        )


@asynccontextmanager
async def dingtalk_stand() -> AsyncIterator[Stand]:
    async with FakeDingTalk(limits=False) as fake:

        def member(userid: str) -> Member:
            person = fake.member(userid)
            return Member(
                address=f"u/{userid}",
                confirm=lambda: fake.sign_in_as(person),
                texts=lambda: [message.text for message in person.received()],
            )

        channel = DingTalk(config_for(fake, sign_in_base=fake.oapi_base))
        yield Stand(
            name="dingtalk",
            channel=channel,
            lina=member("u1"),
            zhao=member("u2"),
            told=lambda: repr([(one.path, one.query, one.body) for one in fake.calls]),
            down=lambda: fake.drop_before_delivery("/v1.0/oauth2/userAccessToken"),
            fake=fake,
        )


@asynccontextmanager
async def feishu_stand() -> AsyncIterator[Stand]:
    async with feishu_fake() as fake:

        def member(name: str) -> Member:
            person = fake.member(name)

            def confirm() -> None:
                fake.login.browser = person.person

            return Member(
                address=person.open_id,
                confirm=confirm,
                texts=lambda: [message.text for message in person.received()],
            )

        section = {"sign_in_base": fake.base_url, "bot_open_id": "ou_robot"}
        channel = Feishu(feishu_config(fake, section=section))
        yield Stand(
            name="feishu",
            channel=channel,
            lina=member("李娜"),
            zhao=member("赵云"),
            told=lambda: repr([(one.path, one.query, one.body) for one in fake.state.calls]),
            down=lambda: fake.faults.drop_before("login"),
            fake=fake,
        )


STANDS = {"dingtalk": dingtalk_stand, "feishu": feishu_stand, "wecom": wecom_stand}


@dataclass(kw_only=True)
class Visitor:
    """A browser of somebody's own: it keeps cookies, and goes where it is told, step by step."""

    http: httpx2.AsyncClient

    async def open(self, url: str) -> httpx2.Response:
        """One page, without following it."""
        return await self.http.get(url)

    async def signs_in(self, url: str) -> str:
        """Open an invite and confirm on the platform's page; where the platform sends back to."""
        page = await self.open(url)
        assert page.status_code == 200, page.text
        sent = await self.open(way_in(page.text))
        assert sent.status_code == 302, sent.text
        return str(sent.headers["location"])

    async def joins(self, url: str) -> httpx2.Response:
        """The whole way; the page it ends on."""
        return await self.open(await self.signs_in(url))


def way_in(html: str) -> str:
    """Where the page's button leads."""
    href = html.partition('class="join-go" href="')[2].partition('"')[0]
    return href.replace("&amp;", "&")


def asked(url: str) -> dict[str, str]:
    """The query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


@asynccontextmanager
async def visitor(**headers: str) -> AsyncIterator[Visitor]:
    given = {"Accept-Language": "zh-CN", **headers}
    async with httpx2.AsyncClient(headers=given, verify=False) as http:  # loopback: no certificates
        yield Visitor(http=http)


def written(value: Any) -> str:
    """Anything as text, to be searched."""
    return json.dumps(value, ensure_ascii=False, default=str)
