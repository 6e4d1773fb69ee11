"""A plain HTTP caller of the platform's API, for tests of the stand-in itself."""

from types import TracebackType
from typing import Any

import httpx2

from tests.fakes.wecom import App, FakeWeCom, Json
from tests.loopback import NO_TLS


class Caller:
    """One app's calls; fetches a token when it has none."""

    def __init__(self, wecom: FakeWeCom, app: App | None = None) -> None:
        self.http = httpx2.AsyncClient(trust_env=False, verify=NO_TLS)
        self.token = ""
        self._wecom = wecom
        self._app = app or wecom.app

    async def __aenter__(self) -> "Caller":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.http.aclose()

    async def gettoken(self, corpid: str = "", secret: str = "") -> Json:
        """The whole answer; a token in it is used from now on."""
        query = {"corpid": corpid or self._wecom.corpid, "corpsecret": secret or self._app.secret}
        answer = await self.raw("GET", "gettoken", query)
        self.token = answer.json().get("access_token", "")
        return _object(answer)

    async def get(self, endpoint: str, **query: str) -> Json:
        """A GET with the token."""
        return _object(await self.raw("GET", endpoint, await self._signed(query)))

    async def post(self, endpoint: str, body: Json | None = None, **query: str) -> Json:
        """A POST of JSON with the token."""
        signed = await self._signed(query)
        return _object(await self.raw("POST", endpoint, signed, json=body or {}))

    async def upload(self, kind: str, name: str, data: bytes) -> Json:
        """Put a file into temporary media."""
        signed = await self._signed({"type": kind})
        files = {"media": (name, data, "application/octet-stream")}
        return _object(await self.raw("POST", "media/upload", signed, files=files))

    async def media(self, kind: str = "image", name: str = "a.png", data: bytes = b"x" * 9) -> str:
        """The media_id of a file just uploaded."""
        return str((await self.upload(kind, name, data))["media_id"])

    async def raw(
        self, verb: str, endpoint: str, query: dict[str, str], **more: Any
    ) -> httpx2.Response:
        """Any request, and the response as it is."""
        url = f"{self._wecom.api_base}/{endpoint}"
        return await self.http.request(verb, url, params=query, **more)

    async def _signed(self, query: dict[str, str]) -> dict[str, str]:
        if not self.token:
            await self.gettoken()
        return {"access_token": self.token} | query


def _object(answer: httpx2.Response) -> Json:
    """The JSON of an answer, which is HTTP 200 for good and for bad."""
    assert answer.status_code == 200, answer.status_code
    body: Json = answer.json()
    return body
