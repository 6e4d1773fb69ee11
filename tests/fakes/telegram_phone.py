"""A sandbox phone: one person's chat with the bot as a page in the browser."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from tests.fakes.telegram_params import read
from tests.fakes.telegram_state import Account, Json, State
from tests.fakes.telegram_users import FakeUser

HERE = Path(__file__).parent
TYPING_S = 5
NAME = "候选人"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)


class Phone:
    """Pages and JSON for /phone/{user_id}; an unknown person is made on the first visit."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._pages = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape()
        )

    def routes(self) -> list[BaseRoute]:
        base = "/phone/{user_id:int}"
        return [
            Route(base, self.page, methods=["GET"]),
            Route(f"{base}/messages", self.messages, methods=["GET"]),
            Route(f"{base}/messages", self.say, methods=["POST"]),
            Route(f"{base}/press", self.press, methods=["POST"]),
            Route(f"{base}/block", self.block, methods=["POST"]),
            Route(f"{base}/files", self.attach, methods=["POST"]),
            Route(f"{base}/files/{{file_id}}", self.file, methods=["GET"]),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ]

    def _user(self, request: Request) -> FakeUser:
        user_id = request.path_params["user_id"]
        name = request.query_params.get("name") or NAME
        with self._state.lock:
            account = self._state.accounts.setdefault(user_id, Account(user_id, name))
            return FakeUser(self._state, account)

    async def page(self, request: Request) -> Response:
        user = self._user(request)
        page = self._pages.get_template("phone.html").render(
            user=user.account,
            bot=self._state.me,
            payload=request.query_params.get("start", ""),
        )
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})

    async def messages(self, request: Request) -> Response:
        user = self._user(request)
        with self._state.lock:
            return JSONResponse(self._view(user))

    def _view(self, user: FakeUser) -> Json:
        account, clock = user.account, self._state.clock()
        queries = [q for q in self._state.queries.values() if q.user_id == user.id]
        typing = clock - self._state.typing.get(user.id, 0.0) < TYPING_S
        return {
            "now": int(clock),
            "bot": {"name": self._state.me["first_name"], "username": self._state.me["username"]},
            "started": account.started,
            "blocked": account.blocked,
            "typing": typing,
            "messages": [asdict(message) for message in user.chat()],
            "keyboard": user.keyboard(),
            "commands": self._state.commands,
            "spinning": [q.message_id for q in queries if not q.answered],
            "answers": [
                {"id": q.id, "text": q.text, "alert": q.alert}
                for q in queries
                if q.answered and q.text
            ],
        }

    async def say(self, request: Request) -> Response:
        user, text = self._user(request), str((await _body(request)).get("text", ""))
        try:
            return JSONResponse({"message_id": user.say(text)})
        except (ValueError, RuntimeError) as error:
            return _refused(error)

    async def press(self, request: Request) -> Response:
        user, body = self._user(request), await _body(request)
        try:
            query = user.press(int(body.get("message_id", 0)), str(body.get("data", "")))
        except (ValueError, LookupError) as error:
            return _refused(error)
        return JSONResponse({"query_id": query})

    async def block(self, request: Request) -> Response:
        user, body = self._user(request), await _body(request)
        if body.get("blocked"):
            user.block()
        else:
            user.unblock()
        return JSONResponse({"blocked": user.account.blocked})

    async def attach(self, request: Request) -> Response:
        user, uploads = self._user(request), (await read(request)).uploads
        upload = next(iter(uploads.values()), None)
        if upload is None:
            return _refused(ValueError("no file"))
        try:
            if upload.mime_type.startswith("image/"):
                sent = user.send_photo(upload.data)
            elif upload.mime_type.startswith("audio/"):
                sent = user.send_voice(upload.data)
            else:
                sent = user.send_document(upload.name, upload.data, upload.mime_type)
        except RuntimeError as error:
            return _refused(error)
        return JSONResponse({"message_id": sent})

    async def file(self, request: Request) -> Response:
        file_id = request.path_params["file_id"]
        with self._state.lock:
            # A person sees only files of the own chat.
            mine = {message.file_id for message in self._user(request).chat()}
            stored = self._state.files.get(file_id)
        if stored is None or file_id not in mine:
            return _refused(LookupError("no such file"), 404)
        shown = stored.mime_type in {"image/png", "image/jpeg", "image/webp", "image/gif"}
        kind = stored.mime_type if shown else "application/octet-stream"
        return Response(stored.data, media_type=kind, headers={"X-Content-Type-Options": "nosniff"})


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _refused(error: Exception, status: int = 400) -> Response:
    return JSONResponse({"error": str(error)}, status_code=status)
