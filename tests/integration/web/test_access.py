"""Who may call what: every route, every role, one's own and somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from bot.posting import Way
from bot.web.security import needs_of
from bot.web.server import create
from storage.enums import Role, Stage
from storage.queries import people, users
from storage.viewer import ROLE_PERMISSIONS, SYSTEM, Permission
from tests.integration.web.access_things import Things, things
from tests.integration.web.conftest import Office, Person, cookie_header
from tests.integration.web.entrances import BODIES, DEPUTY, FILES, FORMS, QUERIES, Taker
from tests.integration.web.test_chat import SALARY
from tests.integration.web.test_resume_page import RESUME, upload

OWN, FOREIGN = "own", "foreign"


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    permission: Permission

    @property
    def is_about_somebody(self) -> bool:
        things = ("candidate", "alert", "reading", "attachment", "response", "user")
        return any(f"{{{name}_id}}" in self.path for name in things)


def all_routes(office: Office) -> list[Route]:
    return [
        Route(method, route.path, needs_of(route)[0].permission)
        for route in create(office.site).routes
        for method in sorted(route.methods)
    ]


async def call(office: Office, who: Person, route: Route, path: str) -> httpx2.Response:
    if route.method == "GET":
        return await office.get(who, path + QUERIES.get(route.path, ""))
    if route.path in BODIES:
        headers = {**cookie_header(who), "X-CSRF-Token": who.csrf}
        body = filled(office, BODIES[route.path])
        return await office.http.request(route.method, path, json=body, headers=headers)
    if route.method in ("DELETE", "PUT"):
        headers = {**cookie_header(who), "X-CSRF-Token": who.csrf}
        return await office.http.request(route.method, path, headers=headers)
    if route.path in FILES:
        return await office.http.post(
            path, data={"csrf": who.csrf}, files=FILES[route.path], headers=cookie_header(who)
        )
    if route.path.endswith("/resume/files"):
        return await upload(office, who, path, RESUME)
    return await office.post(who, path, **filled(office, FORMS[route.path]))


def filled(office: Office, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A request with the colleague who is no HR's and no manager's of these."""
    return {
        name: office.people["deputy"].id if value == DEPUTY else value
        for name, value in fields.items()
    }


async def test_a_role_reaches_what_it_may_and_sees_only_its_own_people(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    manager = await office.user("manager", Role.MANAGER)
    office.site.posts[Way.MAIL] = Taker()  # type: ignore[index]
    await office.user("deputy", Role.HR)
    mine = await things(office, hr, manager)
    theirs = await things(
        office, await office.user("hr2", Role.HR), await office.user("manager2", Role.MANAGER)
    )
    routes = [
        route
        for route in all_routes(office)
        if route.permission is not Permission.PUBLIC
        and route.path not in ("/console/events", "/metrics", "/console/signout")
    ]
    assert len(routes) >= 30
    wrong = []
    for role in Role:
        who = {Role.HR: hr, Role.MANAGER: manager}.get(role) or await office.user(role, role)
        for route in routes:
            for whose, objects in ((OWN, mine), (FOREIGN, theirs)):
                answer = await call(office, who, route, objects.fill(route.path))
                expected = outcome(role, route, whose)
                if kind(answer) != expected:
                    wrong.append((role, route, whose, answer.status_code, expected))
    assert wrong == []


def outcome(role: Role, route: Route, whose: str) -> str:
    """What section 5 of the security reference and ``storage.viewer`` say."""
    if route.permission not in ROLE_PERMISSIONS[role]:
        return "refused"
    about = route.is_about_somebody or (role is Role.MANAGER and "{position_id}" in route.path)
    if whose == FOREIGN and about and role is not Role.HR_ADMIN:
        return "unknown"
    return "done"


def kind(answer: httpx2.Response) -> str:
    if answer.status_code == 403:
        return "refused"
    if answer.status_code == 404:
        return "unknown"
    good = answer.status_code in (200, 201, 204, 303)
    off = answer.status_code == 409  # no other channel is set up here
    return "done" if good or off else f"{answer.status_code}"


async def test_nobody_gets_past_any_door(office: Office) -> None:
    things_ = Things(
        candidate_id="c_x", alert_id="a_x", position_id="p_x", reading_id="m_x",
        attachment_id="t_x", fact_id="f_x", proposal_id="r_x",
    )  # fmt: skip
    for route in all_routes(office):
        if route.permission is Permission.PUBLIC or route.path == "/metrics":
            continue
        path = things_.fill(route.path)
        answer = await office.http.request(route.method, path)
        if route.path.startswith("/api/"):
            assert answer.status_code == 401, route
            assert answer.headers["www-authenticate"].startswith("Bearer")
        else:
            assert answer.status_code == 401 or answer.headers["location"].startswith("/signin")


async def test_a_key_reaches_what_its_scope_says_and_no_console(office: Office) -> None:
    routes = [r for r in all_routes(office) if r.path.startswith("/api/")]
    hr, manager = await office.user("hr", Role.HR), await office.user("m", Role.MANAGER)
    await office.user("deputy", Role.HR)
    objects = await things(office, hr, manager)
    for scope in {route.permission for route in routes}:
        key = await office.key(scope.value)
        for route in routes:
            body = BODIES.get(route.path)
            answer = await office.http.request(
                route.method,
                objects.fill(route.path),
                headers=key,
                json=None if body is None else filled(office, body),
            )
            persons = route.path.endswith(("/verdict", "/restore", "/snooze"))
            expected = "done" if route.permission is scope and not persons else "refused"
            assert kind(answer) == expected, (scope, route, answer.text)
        console = await office.http.get("/console/alerts", headers=key)
        assert console.headers["location"].startswith("/signin")


@pytest.mark.parametrize("spoil", ["id", "secret", "scheme", "revoked", "expired", "empty"])
async def test_a_key_that_is_not_good_is_nobody(small_office: Office, spoil: str) -> None:
    key = (await small_office.key())["Authorization"]
    header = {
        "id": key.replace("hb_", "hb_a", 1)[:-1],
        "secret": key[:-2] + ("AA" if not key.endswith("AA") else "BB"),
        "scheme": key.replace("Bearer", "Basic"),
        "empty": "Bearer",
    }.get(spoil, key)
    if spoil == "revoked":
        key_id = "k_" + key.split("_")[1]
        await small_office.write(lambda tx: users.revoke_key(tx, key_id))
    if spoil == "expired":
        small_office.clock.advance(timedelta(days=11))
    answer = await small_office.http.get("/api/v1/candidates", headers={"Authorization": header})
    assert answer.status_code == 401


async def test_a_form_that_is_not_ours_changes_nothing(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    candidate = await office.candidate()
    path = f"/console/candidates/{candidate}/stage"
    good = {"csrf": hr.csrf, "stage": "accepted"}
    tries: list[tuple[dict[str, str], dict[str, str]]] = [
        ({"stage": "accepted"}, {}),
        ({**good, "csrf": other.csrf}, {}),
        ({**good, "csrf": hr.csrf[:-2]}, {}),
        (good, {"Origin": "https://evil.cn"}),
        (good, {"Sec-Fetch-Site": "cross-site"}),
        (good, {"Sec-Fetch-Site": "same-site"}),
    ]
    for fields, headers in tries:
        answer = await office.http.post(path, data=fields, headers=cookie_header(hr) | headers)
        assert answer.status_code == 403
    text = await office.http.post(
        path, content=b"csrf=x&stage=accepted",
        headers=cookie_header(hr) | {"Content-Type": "text/plain"},
    )  # fmt: skip
    assert text.status_code == 403
    row = await office.road.database.read(
        lambda tx: people.get_candidate(tx, office.road.vault, SYSTEM, candidate)
    )
    assert row.stage is Stage.OFFER
    for headers in ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, {"Origin": office.url}):
        sent = await office.http.post(path, data=good, headers=cookie_header(hr) | headers)
        assert sent.status_code == 303


async def test_an_api_call_with_a_session_needs_its_token_too(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    bare = await office.http.post(
        "/api/v1/candidates", json={"name": "张三"}, headers=cookie_header(hr)
    )
    assert bare.status_code == 403
    sent = await office.http.post(
        "/api/v1/candidates",
        json={"name": "张三"},
        headers={**cookie_header(hr), "X-CSRF-Token": hr.csrf},
    )
    assert sent.status_code == 201


async def test_a_manager_sees_no_chat_no_reasons_and_no_number(office: Office) -> None:
    hr, manager = await office.user("hr", Role.HR), await office.user("m", Role.MANAGER)
    await office.user("deputy", Role.HR)
    objects = await things(office, hr, manager)
    await office.candidate("李四", phone="13812345678", position_id=objects.position_id)
    page = (await office.get(manager, f"/console/candidates/{objects.candidate_id}")).text
    assert "张三" in page
    assert SALARY not in page
    assert "28k" not in page
    listed = (await office.get(manager, "/console/candidates")).text
    assert "李四" in listed
    assert "13812345678" not in listed
    found = await office.get(manager, "/console/candidates?q=13812345678")
    assert "13812345678" not in re_query(found.text)


def re_query(html: str) -> str:
    """The page without the search box, which repeats what was typed."""
    return html.replace('value="13812345678"', "")


async def test_a_colleagues_people_are_not_found_by_name_or_number(office: Office) -> None:
    await office.user("hr2", Role.HR)
    hr = await office.user("hr", Role.HR)
    await office.candidate("赵六六", owner=office.people["hr2"].id, phone="13912345678")
    for query in ("赵六六", "13912345678"):
        page = (await office.get(hr, f"/console/candidates?q={query}")).text
        assert "row-link" not in page
