"""Apps for tests of the stand-in: one that calls, one that is called; and a clock to turn."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.fakes.feishu import FakeFeishu
from tests.fakes.feishu_receiver import Receiver
from tests.loopback import NO_TLS

IM = "/open-apis/im/v1/messages"


@dataclass
class Clock:
    """Unix seconds that pass only when told."""

    at: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Api:
    """Calls with the app's token."""

    feishu: FakeFeishu
    client: httpx2.AsyncClient
    token: str = ""

    async def get_token(self, secret: str = "") -> httpx2.Response:
        app = self.feishu.app
        body = json.dumps({"app_id": app.app_id, "app_secret": secret or app.secret})
        path = "/open-apis/auth/v3/tenant_access_token/internal"
        answer = await self.client.post(path, content=body.encode())
        self.token = answer.json().get("tenant_access_token", "")
        return answer

    async def call(self, verb: str, path: str, **more: Any) -> httpx2.Response:
        if not self.token:
            await self.get_token()
        headers = {"Authorization": f"Bearer {self.token}"}
        return await self.client.request(verb, path, headers=headers, **more)

    async def send(
        self, to: str, kind: str = "text", content: Any = None, uuid: str = "", by: str = "open_id"
    ) -> httpx2.Response:
        written = {"text": "你好"} if content is None else content
        content = written if isinstance(written, str) else json.dumps(written)
        body = {"receive_id": to, "msg_type": kind, "content": content}
        body |= {"uuid": uuid} if uuid else {}
        return await self.call("POST", IM, params={"receive_id_type": by}, json=body)

    async def sent(self, to: str, kind: str = "text", content: Any = None) -> str:
        answer = await self.send(to, kind, content)
        assert answer.status_code == 200, answer.text
        message_id: str = answer.json()["data"]["message_id"]
        return message_id


@asynccontextmanager
async def calling(feishu: FakeFeishu) -> AsyncIterator[Api]:
    async with (
        feishu,
        httpx2.AsyncClient(base_url=feishu.base_url, trust_env=False, verify=NO_TLS) as client,
    ):
        yield Api(feishu, client)


@asynccontextmanager
async def pushing(feishu: FakeFeishu, app: Receiver) -> AsyncIterator[FakeFeishu]:
    """A running platform that pushes events to an app's address."""
    async with feishu:
        await feishu.console.save_webhook(app.url)
        yield feishu


def code(answer: httpx2.Response) -> tuple[int, int]:
    """HTTP status and the code in the envelope."""
    return answer.status_code, answer.json()["code"]
