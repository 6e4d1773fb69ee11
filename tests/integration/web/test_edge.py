"""What holds for every call: hosts, headers, sizes, strict bodies, declared permissions."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import APIRouter, Depends

from bot.errors import NotReady
from bot.web.edge import POLICY
from bot.web.security import Needs, checked, needs
from bot.web.server import create
from storage.enums import Role
from storage.errors import StorageUnavailable
from storage.viewer import Permission
from tests.integration.web.conftest import Office, cookie_header, running

PAGES = (
    "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/signin", "/nowhere",
    "/api/v1/candidates", "/chat/" + "x" * 43, "/console/alerts", "/setup/x", "/static/chat.css",
    "/hooks/none",
)  # fmt: skip
BAD_BODIES: dict[str, bytes] = {
    "nan": b'{"name": NaN}',
    "infinity": b'{"name": "a", "x": Infinity}',
    "1e999": b'{"name": 1e999}',
    "lone surrogate": b'{"name": "\\ud800"}',
    "surrogate key": b'{"\\udfff": 1}',
    "null character": b'{"name": "a\\u0000b"}',
    "invalid utf-8": b'{"name": "\xff"}',
    "byte order mark": b'\xef\xbb\xbf{"name": "a"}',
    "utf-16": '{"name": "a"}'.encode("utf-16"),
    "2^63": b'{"name": 9223372036854775808}',
    "5000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "depth 21": b'{"name": ' + b"[" * 20 + b"]" * 20 + b"}",
    "unfinished": b'{"name": "a',
    "empty": b"",
    "list": b"[]",
    "text": b'"a"',
    "extra": b'{"name": "a", "risk_score": 0}',
    "mass assignment": b'{"name": "a", "id": "c_x", "tenant_id": "t"}',
    "empty name": b'{"name": " "}',
    "long name": json.dumps({"name": "名" * 61}).encode(),
    "line break": b'{"name": "a\\nb"}',
    "bidi": '{"name": "a\u202eb"}'.encode(),
    "wrong stage": b'{"name": "a", "stage": "hired"}',
    "wrong phone": b'{"name": "a", "phone": "abc"}',
    "unknown position": b'{"name": "a", "position_id": "p_none"}',
    "wrong day": b'{"name": "a", "start_on": 20261130}',
    "year 0": b'{"name": "a", "start_on": "0000-01-01"}',
}


async def test_every_answer_carries_the_security_headers(small_office: Office) -> None:
    for path in PAGES:
        answer = await small_office.http.get(path)
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]
        assert len(answer.headers["x-request-id"]) == 16
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers
        assert answer.status_code < 500
        if path != "/static/chat.css":
            assert answer.headers["cache-control"] == "no-store", path


async def test_over_https_the_cookie_and_the_browser_are_bound_to_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running(sqlite_url, tmp_path, secure=True) as office:
        answer = await office.http.get("/signin")
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        assert "Secure" in answer.headers["set-cookie"]
        assert office.site.cookie == "__Host-sid"


@pytest.mark.parametrize(
    "host", ["evil.cn", "a/b", "127.0.0.1.evil.cn", "localhost@evil", "", "127.0.0.1:99999999"]
)
async def test_a_host_that_is_not_ours_is_refused(small_office: Office, host: str) -> None:
    port = httpx2.URL(small_office.url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    status = (await reader.readline()).split()[1]
    writer.close()
    assert status == b"400"


async def test_forwarded_headers_count_only_from_a_proxy_we_were_told_of(
    sqlite_url: str, tmp_path: Path
) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    async with running(sqlite_url, tmp_path) as office:
        assert (await office.http.get("/metrics")).status_code == 200
        # Somebody's proxy on this machine: not this machine asking.
        assert (await office.http.get("/metrics", headers=forged)).status_code == 401
    proxies = (ipaddress.ip_network("127.0.0.1"),)
    async with running(sqlite_url, tmp_path, trusted_proxies=proxies) as office:
        key = await office.key("metrics.read")
        assert (await office.http.get("/metrics", headers=forged | key)).status_code == 200


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_body_that_cannot_be_is_a_4xx_problem_on_both_databases(
    office: Office, name: str
) -> None:
    headers = {**await office.key(), "Content-Type": "application/json"}
    answer = await office.http.post("/api/v1/candidates", content=BAD_BODIES[name], headers=headers)
    assert answer.status_code in (400, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["request_id"] == answer.headers["x-request-id"]
    items = (await office.http.get("/api/v1/candidates", headers=headers)).json()["items"]
    assert items == []


@pytest.mark.parametrize(
    "path_id",
    ["9223372036854775808", "-1", "１２", "1e3", "..%2f", "%00", "%ff", "a" * 3000, "' OR 1=1--"],
)
async def test_an_id_is_opaque_text_and_an_unknown_one_a_404(office: Office, path_id: str) -> None:
    key = await office.key()
    for noun in ("candidates", "positions", "alerts"):
        answer = await office.http.get(f"/api/v1/{noun}/{path_id}", headers=key)
        assert answer.status_code == 404, answer.text


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=WzFd", "sort=salary", "fields=*",
     "stage=hired", "stage=%00", "limit=9223372036854775808", "filter[salary][gte]=18000"],
)  # fmt: skip
async def test_a_parameter_that_cannot_be_is_refused(office: Office, query: str) -> None:
    key = await office.key()
    answer = await office.http.get(f"/api/v1/candidates?{query}", headers=key)
    assert answer.status_code in (400, 422)
    assert "salary" not in answer.text


async def test_bodies_are_cut_off_while_they_stream(small_office: Office) -> None:
    key = {**await small_office.key(), "Content-Type": "application/json"}
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(64):
            sent += 65536
            yield b" " * 65536

    answer = await small_office.http.post("/api/v1/candidates", content=endless(), headers=key)
    assert answer.status_code == 413
    declared = await small_office.http.post("/hooks/webchat", content=b"x" * (256 * 1024 + 1))
    assert declared.status_code == 413


async def test_the_api_takes_json_only(small_office: Office) -> None:
    key = await small_office.key()
    for content_type in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = await small_office.http.post(
            "/api/v1/candidates", content=b'{"name": "a"}',
            headers={**key, "Content-Type": content_type},
        )  # fmt: skip
        assert answer.status_code == 415


async def test_a_route_without_exactly_one_permission_stops_the_start(
    small_office: Office,
) -> None:
    bare, twice = APIRouter(), APIRouter()

    @bare.get("/bare")
    async def forgotten() -> None: ...

    @twice.get(
        "/twice", dependencies=[needs(Permission.PUBLIC), Depends(Needs(Permission.AUDIT_READ))]
    )
    async def doubled() -> None: ...

    with pytest.raises(NotReady, match="GET /bare declares 0"):
        create(small_office.site, extra=(bare,))
    with pytest.raises(NotReady, match="GET /twice declares 2"):
        create(small_office.site, extra=(twice,))
    with pytest.raises(NotReady, match="/elsewhere"):
        checked([type("Mount", (), {"path": "/elsewhere"})()])


async def test_an_unknown_error_is_a_500_with_its_number_and_nothing_else(
    small_office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> bool:
        raise ValueError("张三 13812345678")

    router = APIRouter()

    @router.get("/api/broken", dependencies=[needs(Permission.PUBLIC)])
    async def route() -> None:
        broken()

    app = create(small_office.site, extra=(router,))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        answer = await http.get("/api/broken")
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "张三" not in answer.text + capsys.readouterr().out


async def test_a_database_that_is_away_is_a_503_and_not_ready(small_office: Office) -> None:
    key = await small_office.key()
    assert (await small_office.http.get("/readyz")).status_code == 200
    small_office.road.database.close()
    for path in ("/readyz", "/api/v1/candidates"):
        answer = await small_office.http.get(path, headers=key)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
    assert (await small_office.http.get("/healthz")).status_code == 200
    with pytest.raises(StorageUnavailable):
        await small_office.road.database.read(lambda tx: None)


async def test_a_refused_hook_stores_nothing_and_an_unknown_one_is_a_404(office: Office) -> None:
    refused = await office.http.post("/hooks/webchat", json={"text": "你好"})
    assert refused.status_code == 403
    assert (await office.http.post("/hooks/wecom", json={})).status_code == 404
    assert office.road.counts.accepted == 0


async def test_the_files_of_the_pages_are_the_only_ones_with_an_address(
    small_office: Office,
) -> None:
    for path in ("chat.css", "console.js", "vendor/htmx-2.0.11/htmx.min.js"):
        assert (await small_office.http.get(f"/static/{path}")).status_code == 200
    for path in ("../site.py", "..%2fsite.py", "vendor.py", "/etc/passwd", "vendor/manifest.json"):
        assert (await small_office.http.get(f"/static/{path}")).status_code == 404


async def test_the_document_describes_every_route_of_the_api(small_office: Office) -> None:
    made = (await small_office.http.get("/openapi.json")).json()
    assert made["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, ops in made["paths"].items() for method in ops}
    app = create(small_office.site)
    routes = {
        (method, route.path)
        for route in app.routes
        if route.path.startswith("/api/")
        for method in route.methods
    }
    assert described == routes
    text = (await small_office.http.get("/docs")).text
    assert "/api/v1/alerts/{alert_id}/verdict" in text
    assert "<script" not in text


async def test_metrics_count_what_was_accepted(small_office: Office) -> None:
    token = await small_office.chat(await small_office.candidate())
    await small_office.http.post(f"/chat/{token}/messages", json={"text": "你好"})
    text = (await small_office.http.get("/metrics")).text
    assert "yinuo_messages_accepted_total 1.0" in text
    hr = await small_office.user("hr", Role.HR)
    forwarded = {**cookie_header(hr), "X-Forwarded-For": "1.2.3.4"}
    assert (await small_office.http.get("/metrics", headers=forwarded)).status_code == 403


async def test_open_streams_do_not_hold_up_the_stop(sqlite_url: str, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with running(sqlite_url, tmp_path) as office:
        token = await office.chat(await office.candidate())
        stream = office.http.stream("GET", f"/chat/{token}/events")
        answer = await stream.__aenter__()
        assert answer.status_code == 200
        began = loop.time()
        office.server.should_exit = True
        async for _ in answer.aiter_bytes():
            pass
        await stream.__aexit__(None, None, None)
        assert loop.time() - began < 2


async def test_the_log_carries_no_word_name_number_or_token(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    hr = await office.user("loginname", Role.HR)
    candidate = await office.candidate("赵六六", phone="13912345678")
    token = await office.chat(candidate)
    key = await office.key()
    await office.http.post(f"/chat/{token}/messages", json={"text": "这句话谁也不该在日志里看到"})
    await office.http.post(f"/chat/{token}/messages", json={"text": ""})
    await office.http.get(f"/chat/{token}/nowhere")
    await office.get(hr, f"/console/candidates/{candidate}")
    await office.get(hr, "/console/candidates?q=赵六六")
    await office.post(hr, f"/console/candidates/{candidate}/reply", text="回复里的话")
    await office.http.post("/signin", data={"login": "loginname", "password": "口令口令"})
    await office.http.get("/setup/secret-of-a-link")
    await office.http.post(
        "/api/v1/candidates", json={"name": "赵六六", "phone": "not a phone"}, headers=key
    )
    logged = capsys.readouterr().out
    assert "http.answered" in logged
    for secret in (
        "赵六六", "13912345678", token, hr.cookie, hr.csrf, key["Authorization"][7:],
        "谁也不该", "回复里的话", "loginname", "口令口令", "secret-of-a-link", "not a phone",
    ):  # fmt: skip
        assert secret not in logged
