"""What every stand-in promises whoever starts, stops and waits for it."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.fakes.dingtalk import FakeDingTalk
from tests.fakes.feishu import FakeFeishu
from tests.fakes.standin import StandIn
from tests.fakes.telegram import FakeTelegram
from tests.fakes.wecom import FakeWeCom
from tests.loopback import NO_TLS

STAND_INS: list[type[Any]] = [FakeDingTalk, FakeFeishu, FakeTelegram, FakeWeCom]
FAKES = Path(__file__).parents[1] / "fakes"
stand_ins = pytest.mark.parametrize("kind", STAND_INS)


def address(standin: Any) -> str:
    return str(getattr(standin, "api_base", "") or standin.base_url)


@stand_ins
async def test_it_answers_until_it_is_stopped_and_again_when_started(kind: type[Any]) -> None:
    standin = kind()
    for _ in range(2):
        async with standin, httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as http:
            first = address(standin)
            assert (await http.get(f"{first}/no/such/thing")).status_code
        async with httpx2.AsyncClient(trust_env=False, verify=NO_TLS) as http:
            with pytest.raises(httpx2.TransportError):
                await http.get(f"{first}/no/such/thing")


@stand_ins
def test_it_runs_once_and_stops_however_often(kind: type[Any]) -> None:
    with kind() as standin:
        with pytest.raises(RuntimeError, match="already running"):
            standin.start()
        standin.stop()
        standin.stop()


@stand_ins
def test_a_change_on_another_thread_wakes_who_waits(kind: type[Any]) -> None:
    standin = kind()
    seen: list[int] = []

    async def waited() -> None:
        waiting = asyncio.ensure_future(standin.until(lambda: seen, 5))
        await asyncio.sleep(0.01)
        seen.append(1)
        standin.state.change()
        await waiting

    asyncio.run(waited())
    with pytest.raises(TimeoutError):
        standin.wait(lambda: False, 0.01)


def test_a_platform_that_cannot_be_stopped_cannot_be_made() -> None:
    class Endless(StandIn):
        def start(self) -> "Endless":
            return self

    with pytest.raises(TypeError, match="stop"):
        Endless()  # type: ignore[abstract]


def test_no_stand_in_is_made_of_the_product() -> None:
    """It would agree with every mistake."""
    ours = re.compile(r"^\s*(?:from|import) (?:bot|nlp|storage|scheduler|config)\b", re.MULTILINE)
    borrowed = [path.name for path in FAKES.glob("*.py") if ours.search(path.read_text("utf-8"))]
    assert borrowed == []
