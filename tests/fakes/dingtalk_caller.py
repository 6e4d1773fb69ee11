"""Plain calls as an app makes them, through a client that is not the product's."""

import json
from types import TracebackType
from typing import Any

import httpx2

from tests.fakes.dingtalk import FakeDingTalk
from tests.loopback import NO_TLS

Json = dict[str, Any]


class Caller:
    """Calls both hosts, each with the token that host gave."""

    def __init__(self, dingtalk: FakeDingTalk) -> None:
        self._dingtalk = dingtalk
        self._client = httpx2.AsyncClient(trust_env=False, timeout=5, verify=NO_TLS)
        self.tokens: dict[str, str] = {}

    async def __aenter__(self) -> "Caller":
        await self.renew()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def renew(self) -> None:
        """Ask both hosts for a token."""
        app = self._dingtalk.app
        pair = {"appKey": app.client_id, "appSecret": app.client_secret}
        new = await self.plain("POST", "/v1.0/oauth2/accessToken", json=pair)
        old = await self.plain(
            "GET", f"/gettoken?appkey={app.client_id}&appsecret={pair['appSecret']}"
        )
        self.tokens = {"api": new.json()["accessToken"], "oapi": old.json()["access_token"]}

    async def plain(self, verb: str, path: str, **more: Any) -> httpx2.Response:
        """One call without a token; a path that is a whole URL stays as it is."""
        base = self._dingtalk.api_base if path.startswith("/v1.0") else self._dingtalk.oapi_base
        url = path if path.startswith("http") else base + path
        return await self._client.request(verb, url, **more)

    async def v1(self, verb: str, path: str, body: Json | None = None, **more: Any) -> Any:
        """A call of the new host."""
        headers = {"x-acs-dingtalk-access-token": self.tokens["api"]}
        return await self.plain(verb, f"/v1.0{path}", json=body, headers=headers, **more)

    async def oapi(self, path: str, body: Json | None = None, **more: Any) -> Json:
        """A POST to the old host; its body."""
        params = {"access_token": self.tokens["oapi"]}
        answer: Json = (await self.plain("POST", path, json=body, params=params, **more)).json()
        return answer

    async def send(self, user_ids: list[str], text: str = "hi", **more: Any) -> Any:
        """batchSend of a text."""
        body = {
            "robotCode": self._dingtalk.app.robot_code,
            "userIds": user_ids,
            "msgKey": "sampleText",
            "msgParam": json.dumps({"content": text}),
        }
        return await self.v1("POST", "/robot/oToMessages/batchSend", body | more)


def code(response: Any) -> tuple[int, str]:
    """HTTP status and code of a v1.0 refusal."""
    return response.status_code, response.json()["code"]
