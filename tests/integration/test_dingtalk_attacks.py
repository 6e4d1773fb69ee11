"""Attacks on DingTalk's webhook, through the web application (A20 to A30)."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from config.settings import Settings
from storage.crypto import Keystore
from tests.fakes.dingtalk import FakeDingTalk
from tests.integration.dingtalk_floor import calling, running, said_by


@pytest.fixture
async def fake() -> AsyncIterator[FakeDingTalk]:
    async with FakeDingTalk(limits=False) as running_fake:
        yield running_fake


@pytest.fixture
def installed(tmp_path: Path, sqlite_url: str) -> Settings:
    """On the database where most is the same; what both must promise asks for ``settings``."""
    made = Settings(data_dir=tmp_path, database_url=sqlite_url)
    Keystore.create(made.keystore_path)
    return made


async def test_a30_what_comes_four_times_at_once_is_one_message_with_one_reply(
    settings: Settings, fake: FakeDingTalk
) -> None:
    Keystore.create(settings.keystore_path)
    async with running(settings, fake, mode="http") as floor, calling(floor) as call:
        body = said_by("u1", "你好")
        answers = await asyncio.gather(
            *(call(body, at) for at in range(4)), call(body, 0), call(body, 0)
        )
        assert [one.status_code for one in answers] == [200] * 6
        assert await floor.answered(1) == await floor.stored() == ["m:msgA=="]
        assert (await call(said_by("u1", "再说一句", msgId="msgB=="), 9)).status_code == 200
        assert await floor.answered(2)
        assert len(await floor.said(1)) == 1


async def test_a20_to_a28_are_refused_alike_store_nothing_and_cost_nothing(
    installed: Settings, fake: FakeDingTalk
) -> None:
    async with running(installed, fake, mode="http") as floor, calling(floor) as call:
        good = said_by("u1", "真的")
        assert (await call(good)).status_code == 200
        attacks = {
            "a20 no signature": ({"sign": ""}, 0),
            "a20 wrong signature": ({"sign": "x" * 44}, 1),
            "a21 odd": ({"sign": "é" * 64}, 2),  # as bytes on the wire
            "a21 long": ({"sign": "x" * 9_000}, 3),
            "a22 old": ({}, -600_000),
            "a23 early": ({}, 301_000),
            "a23 seconds": ({"timestamp": str(int(time.time()))}, 4),
            "a23 negative": ({"timestamp": "-1"}, 5),
            "a27 another body": ({}, 0),
        }
        said = set()
        for name, (headers, at) in attacks.items():
            took = 9.9
            for _ in range(5):  # the best of some: the machine may be busy with something else
                began = time.perf_counter()
                answer = await call(said_by("u1", "假的", msgId=name), at, **headers)
                took = min(took, time.perf_counter() - began)
            assert answer.status_code == 403, name
            said.add(json.dumps({**answer.json(), "request_id": ""}))
            assert took < 0.05, name
        assert len(said) == 1
        assert await floor.stored() == ["m:msgA=="]


async def test_a28_a_forged_session_is_never_called(
    installed: Settings, fake: FakeDingTalk, capfd: pytest.CaptureFixture[str]
) -> None:
    robot = fake.group("别人的群", [fake.member("u9")]).webhook_robot()
    until = int(time.time() * 1000) + 3_600_000
    async with running(installed, fake, mode="http") as floor, calling(floor) as call:
        for n, url in enumerate(
            ("http://169.254.169.254/", f"{fake.oapi_base}/robot/send?access_token={robot.token}")
        ):
            forged = {"sessionWebhook": url, "sessionWebhookExpiredTime": until}
            body = said_by(f"u{n}", "你好", msgId=f"m{n}", **forged)
            person = fake.member(f"u{n}")
            assert (await call(body, n)).status_code == 200
            await floor.said(1, person)
            assert [one.via for one in person.received()] == ["proactive"]
        assert fake.calls_of("/robot/send") == []
    assert "".join(capfd.readouterr()).count("dingtalk.foreign_webhook") >= 2
