"""Each channel set up as its guide says, with nothing else, and tried as the guide says.

The settings are those of the guide's own block; only the platform's address is the stand-in's.
The product is the whole product on a socket, one process, with SQLite.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from structlog.testing import capture_logs

from bot import desk, serving
from bot.app import App, build
from bot.web.server import Server, create
from config import settings as configuration
from storage.database import Tx
from storage.enums import InvitePurpose, Role, Stage
from storage.queries import invites, people, users
from storage.viewer import Viewer
from tests import guides
from tests.contract.place_feishu import BRISK, PATIENCE_S
from tests.contract.place_wecom import PATIENT
from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.feishu import FakeFeishu
from tests.fakes.telegram import FakeTelegram
from tests.fakes.wecom import AES_KEY, AGENTID, TOKEN, CallbackRefused, FakeWeCom
from tests.integration.commands import Commands
from tests.integration.house import free_port
from tests.loopback import NO_TLS

ASKED, ANSWERED = "我的进度", "目前阶段"
BOUND = "已为您关联应聘记录"


@dataclass(slots=True)
class Installation:
    """One installation that runs on a guide's settings, and the command line beside it."""

    app: App
    hr: Viewer
    candidate: str
    env: dict[str, str]
    yinuo: Commands
    channel: str

    @property
    def url(self) -> str:
        return self.app.settings.base_url

    async def checked(self) -> None:
        """`yinuo channel check` is satisfied."""
        ran = await asyncio.to_thread(self.yinuo.check, self.channel, self.env)
        assert ran.code == 0, ran.out
        assert f"✓ 渠道 {self.channel}" in ran.out

    async def invited(self) -> str:
        """The candidate's link, as the console makes it."""
        days = serving.site_of(self.app).invite_days[self.channel]
        made = await desk.invite(self.app.road, self.hr, self.candidate, self.channel, days=days)
        return made.url

    async def word(self) -> str:
        """What stands in such a link: a token for the candidate."""
        token = secrets.token_urlsafe(32)

        def work(tx: Tx) -> None:
            invites.create_invite(
                tx, self.app.road.vault, token=token, purpose=InvitePurpose.CHAT,
                lifetime=timedelta(days=1), created_by=self.hr.id, channel=self.channel,
                candidate_id=self.candidate,
            )  # fmt: skip

        await self.app.database.write(work)
        return token


async def until(ask: Callable[[], Any | Awaitable[Any]], what: str, within: float = 30.0) -> None:
    """Poll until it is so."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while True:
        found = ask()
        if await found if asyncio.iscoroutine(found) else found:
            return
        assert loop.time() < end, f"never: {what}"
        await asyncio.sleep(0.03)


async def talked(say: Callable[[str], Any], heard: Callable[[], list[str]]) -> None:
    """One message in, one answer out."""
    say(ASKED)
    await until(lambda: any(ANSWERED in text for text in heard()), "an answer")


Start = Callable[..., Any]


@pytest.fixture
def start(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sqlite_url: str, yinuo: Commands
) -> Start:
    """Start the product on the settings of a channel's guide."""

    @asynccontextmanager
    async def started(
        channel: str, values: Mapping[str, str], platform: Mapping[str, str]
    ) -> AsyncIterator[Installation]:
        port = free_port()
        open_ = guides.minimal(channel).get("YINUO_WEB__PUBLIC_URL", "")
        here = {"YINUO_WEB__PUBLIC_URL": f"http://127.0.0.1:{port}"} if open_ else {}
        env = {
            **guides.filled(channel, {**values, **here}),
            **platform,
            # Where this test runs, and how long it has.
            "YINUO_DATA_DIR": str(tmp_path),
            "YINUO_DATABASE_URL": sqlite_url,
            "YINUO_WEB__PORT": str(port),
            "YINUO_READER__ENGINE": "rules",
            "YINUO_CHAT__MERGE_PAUSE_S": "0.1",
        }
        for name in [name for name in os.environ if name.startswith("YINUO_")]:
            monkeypatch.delenv(name)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        app = build(configuration.load())
        hr, candidate = await app.database.write(lambda tx: _people(tx, app))
        async with _served(app):
            yield Installation(app, hr, candidate, env, yinuo, channel)

    return started


def _people(tx: Tx, app: App) -> tuple[Viewer, str]:
    hr = Viewer.of_user(
        users.create_user(tx, login="wangmin", name="王敏", role=Role.HR), "王敏", Role.HR
    )
    made = people.create_candidate(
        tx, app.road.vault, hr, name="李娜", stage=Stage.OFFER, owner_id=hr.id
    )
    return hr, made


@asynccontextmanager
async def _served(app: App) -> AsyncIterator[None]:
    ready = asyncio.Event()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await app.start()
        ready.set()
        yield
        await app.stop()

    config = uvicorn.Config(
        create(serving.site_of(app), lifespan=lifespan),
        log_config=None, access_log=False, proxy_headers=False, lifespan="on",
        timeout_graceful_shutdown=5,
    )  # fmt: skip
    server = Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign]
    with serving.listen(app.settings) as door:
        task = asyncio.create_task(server.serve(sockets=[door]))
        try:
            await asyncio.wait_for(ready.wait(), 30)
            yield
        finally:
            server.should_exit = True
            await task


def test_a_link_lasts_as_long_as_the_setting_of_its_channel_says(
    tmp_path: Path, sqlite_url: str
) -> None:
    days = {"webchat": 11, "wecom": 12, "dingtalk": 13, "feishu": 14, "telegram": 15}
    given: dict[str, dict[str, Any]] = {
        "webchat": {},
        "wecom": {"corp_id": "ww1", "agent_id": 7, "secret": "s"},
        "dingtalk": {"client_id": "ding1", "client_secret": "s"},
        "feishu": {"app_id": "cli_1", "app_secret": "s"},
        "telegram": {"bot_token": "12345:s", "abroad": True},
    }
    sections = {name: {**one, "invite_days": days[name]} for name, one in given.items()}
    place = {"data_dir": tmp_path, "database_url": sqlite_url}
    app = build(configuration.Settings.model_validate({**place, **sections}))
    assert serving.site_of(app).invite_days == days
    app.database.close()


async def test_wecom_works_as_its_guide_says(start: Start) -> None:
    async with FakeWeCom(**PATIENT) as wecom:
        values = {
            "YINUO_WECOM__CORP_ID": wecom.corpid,
            "YINUO_WECOM__AGENT_ID": str(AGENTID),
            "YINUO_WECOM__SECRET": wecom.secret,
            "YINUO_WECOM__TOKEN": TOKEN,
            "YINUO_WECOM__ENCODING_AES_KEY": AES_KEY,
        }
        async with start("wecom", values, {"YINUO_WECOM__API_BASE": wecom.api_base}) as here:
            callback = f"{here.url}/hooks/wecom"
            with capture_logs() as logs, pytest.raises(CallbackRefused, match="403"):
                await wecom.save_callback(callback, TOKEN, AES_KEY[::-1])
            assert [one["channel"] for one in logs if one["event"] == "hook.refused"] == ["wecom"]
            await wecom.save_callback(callback, TOKEN, AES_KEY)
            await here.checked()
            await until(lambda: wecom.calls_of("kf/add_contact_way"), "the link is known")
            li = wecom.customer("李娜")
            assert li.enter(await here.invited())
            await until(lambda: any(BOUND in text for text in li.texts()), "the greeting")
            await talked(li.write, li.texts)
            boss = wecom.member("zhangsan", "张三")
            boss.write("在吗")
            await until(boss.texts, "an answer to a colleague")


async def test_dingtalk_works_as_its_guide_says(start: Start) -> None:
    async with FakeDingTalk(limits=False) as dingtalk:
        values = {
            "YINUO_DINGTALK__CLIENT_ID": dingtalk.app.client_id,
            "YINUO_DINGTALK__CLIENT_SECRET": dingtalk.app.client_secret,
            "YINUO_DINGTALK__CORP_ID": dingtalk.app.corp_id,
        }
        platform = {
            "YINUO_DINGTALK__API_BASE": dingtalk.api_base,
            "YINUO_DINGTALK__OAPI_BASE": dingtalk.oapi_base,
        }
        async with start("dingtalk", values, platform) as here:
            await here.checked()
            await dingtalk.until(lambda: dingtalk.connections, timeout=20)
            li = dingtalk.member("u1", "李娜")
            li.say(f"/start {await here.word()}")
            await until(lambda: any(BOUND in text for text in li.texts()), "the greeting")
            await talked(li.say, li.texts)


async def test_feishu_works_as_its_guide_says(start: Start) -> None:
    async with FakeFeishu(limits=False, client_config=BRISK, answer_s=PATIENCE_S) as feishu:
        values = {
            "YINUO_FEISHU__APP_ID": feishu.app.app_id,
            "YINUO_FEISHU__APP_SECRET": feishu.app.secret,
        }
        async with start("feishu", values, {"YINUO_FEISHU__API_BASE": feishu.base_url}) as here:
            await here.checked()
            await feishu.until(lambda: feishu.sockets.connections, timeout=20)
            feishu.console.save_socket()
            li = feishu.member("李娜")
            li.say(f"/start {await here.word()}")
            await until(lambda: any(BOUND in text for text in li.texts()), "the greeting")
            await talked(li.say, li.texts)


async def test_telegram_works_as_its_guide_says(start: Start) -> None:
    async with FakeTelegram(limits=False) as telegram:
        values = {"YINUO_TELEGRAM__BOT_TOKEN": telegram.token}
        platform = {"YINUO_TELEGRAM__API_BASE": telegram.api_base}
        async with start("telegram", values, platform) as here:
            await here.checked()
            await until(lambda: telegram.calls_of("getMe"), "the name is known")
            link = await here.invited()
            assert link.startswith(f"https://t.me/{telegram.bot_username}?start=")
            li = telegram.user(700, "李娜")
            li.start(link.partition("=")[2])
            await until(lambda: any(BOUND in text for text in li.texts()), "the greeting")
            await talked(li.say, li.texts)


async def test_the_chat_page_works_as_its_guide_says(start: Start) -> None:
    async with start("webchat", {}, {}) as here, httpx2.AsyncClient(verify=NO_TLS) as browser:
        await here.checked()
        link = await here.invited()
        assert link.startswith(f"{here.url}/chat/")
        assert (await browser.get(link)).status_code == 200
        sent = await browser.post(f"{link}/messages", json={"text": ASKED})
        assert sent.status_code == 202

        async def answered() -> bool:
            items = (await browser.get(f"{link}/messages")).json()["items"]
            return any(ANSWERED in str(one) for one in items)

        await until(answered, "an answer")
