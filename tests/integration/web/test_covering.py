"""Away and deputies, teams: who sees what while it lasts, over pages, lists, counts and the API."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest

from bot import absences as upkeep
from bot.web import credentials
from bot.words import SHANGHAI
from storage.enums import Role
from storage.queries import audit, users
from storage.queries.common import table
from storage.tables import Candidate
from tests.integration.web.conftest import Office, Person, cookie_header
from tests.integration.web.test_chat import SALARY, open_alerts


def today(office: Office) -> date:
    return office.clock().astimezone(SHANGHAI).date()


def away(office: Office, deputy: Person, *, starts: int = 0, days: int = 1) -> dict[str, str]:
    first = today(office) + timedelta(days=starts)
    last = first + timedelta(days=days - 1)
    return {"deputy": deputy.id, "from_on": first.isoformat(), "until_on": last.isoformat()}


async def api(office: Office, who: Person, method: str, path: str, body: Any = None) -> Any:
    headers = {**cookie_header(who), "X-CSRF-Token": who.csrf}
    return await office.http.request(method, f"/api/v1{path}", json=body, headers=headers)


async def deeds(office: Office, *actions: str) -> list[tuple[str, str]]:
    rows = await office.road.database.read(lambda tx: audit.page(tx, limit=100))
    return [(row.action, row.object) for row in reversed(rows) if row.action in actions]


class Sight:
    """All the ways in which one HR could come to know of one candidate."""

    def __init__(self, office: Office, candidate: str, alert: str) -> None:
        self.office, self.candidate, self.alert = office, candidate, alert

    async def of(self, who: Person) -> bool:
        office = self.office
        page = await office.get(who, f"/console/candidates/{self.candidate}")
        record = await office.get(who, f"/console/candidates/{self.candidate}/record")
        listed = await office.get(who, "/console/candidates")
        found = await office.get(who, "/console/candidates?q=13812345678")
        inbox = await office.get(who, "/console/alerts")
        mine = await office.get(who, "/console/alerts?show=mine")
        one = await api(office, who, "GET", f"/candidates/{self.candidate}")
        some = await api(office, who, "GET", "/candidates")
        chat = await api(office, who, "GET", f"/candidates/{self.candidate}/messages")
        alerts = await api(office, who, "GET", "/alerts")
        alert = await api(office, who, "GET", f"/alerts/{self.alert}")
        positions = await office.get(who, "/console/positions")
        ways = {
            "page": page.status_code == 200,
            "record": record.status_code == 200,
            "listed": self.candidate in listed.text,
            "found": self.candidate in found.text,
            "inbox": self.alert in inbox.text,
            "mine": self.alert in mine.text,
            "counted": re.search(r'id="tab-count">1<', inbox.text) is not None,
            "api": one.status_code == 200,
            "api list": self.candidate in some.text,
            "api chat": chat.status_code == 200,
            "api alerts": self.alert in alerts.text,
            "api alert": alert.status_code == 200,
            "position": "1 位候选人" in positions.text,
        }
        if len(set(ways.values())) > 1:
            raise AssertionError(ways)
        return ways["page"]

    async def presses(self, who: Person) -> int:
        form = await self.office.post(
            who, f"/console/alerts/{self.alert}/verdict", verdict="useful"
        )
        sent = await api(
            self.office, who, "POST", f"/alerts/{self.alert}/verdict", {"verdict": "handled"}
        )
        assert (form.status_code == 404) == (sent.status_code == 404)
        return form.status_code


async def case(office: Office, owner: Person) -> Sight:
    position = await office.position(owner_id=owner.id)
    candidate = await office.candidate(position_id=position, phone="13812345678")
    token = await office.chat(candidate)
    await office.http.post(f"/chat/{token}/messages", json={"text": SALARY})
    [alert] = await office.until(lambda: open_alerts(office, candidate))
    return Sight(office, candidate, alert.id)


async def test_a_deputy_sees_a_colleagues_people_on_their_days_and_nothing_before_or_after(
    office: Office,
) -> None:
    own, deputy, other = [await office.user(login, Role.HR) for login in ("own", "dep", "other")]
    sight = await case(office, own)
    sent = await office.post(
        own, "/console/settings/absences", **away(office, deputy, starts=1, days=2)
    )
    assert sent.headers["location"] == "/console/settings?said=absence_added#absences"
    page = (await office.get(own, "/console/settings")).text
    assert "由姓名dep代班" in page
    assert "由姓名dep代班" not in (await office.get(deputy, "/console/settings")).text
    assert [await sight.of(one) for one in (own, deputy, other)] == [True, False, False]
    assert await sight.presses(deputy) == 404
    for there in (True, True, False):
        office.clock.advance(timedelta(days=1))
        own, deputy, other = await again(office, own, deputy, other)
        assert await upkeep.switch(office.road) in (0, 1)
        assert await upkeep.switch(office.road) == 0
        assert [await sight.of(one) for one in (own, deputy, other)] == [True, there, False]
        banner = "您正在代班：姓名own" in (await office.get(deputy, "/console/settings")).text
        assert banner is there
    assert await sight.presses(deputy) == 404
    steps = await deeds(office, "absence.add", "absence.begin", "absence.over", "absence.end")
    assert [action for action, _ in steps] == ["absence.add", "absence.begin", "absence.over"]
    assert len({absence for _, absence in steps}) == 1


async def again(office: Office, *who: Person) -> list[Person]:
    """The same people, signed in today: a session does not last a day."""
    made = []
    for one in who:
        cookie, digest = credentials.new_token()
        session = {"token_hash": digest, "user_id": one.id, "agent": "test", "most": 3}
        await office.write(
            lambda tx, session=session: users.open_session(
                tx, lifetime=timedelta(hours=8), **session
            )
        )
        csrf = credentials.csrf_token(office.site.key("csrf"), digest)
        made.append(Person(id=one.id, role=one.role, cookie=cookie, csrf=csrf))
    return made


async def test_who_comes_home_early_ends_it_and_a_deputy_judges_while_it_lasts(
    office: Office,
) -> None:
    own, deputy = await office.user("own", Role.HR), await office.user("dep", Role.HR)
    sight = await case(office, own)
    body = {
        {"deputy": "deputy_id"}.get(name, name): value
        for name, value in away(office, deputy, days=9).items()
    }
    made = await api(office, own, "POST", f"/users/{own.id}/absences", body)
    assert made.status_code == 201
    assert made.json()["active"] is True
    assert await sight.of(deputy)
    assert await sight.presses(deputy) == 303
    # Neither the deputy nor anybody else may prolong or end it.
    path = f"/users/{own.id}/absences"
    for method, where in (("GET", path), ("DELETE", f"{path}/{made.json()['id']}")):
        assert (await api(office, deputy, method, where)).status_code == 404
    assert (await api(office, deputy, "POST", path, body)).status_code == 404
    end = f"/console/settings/absences/{made.json()['id']}/end"
    assert (await office.post(deputy, end)).status_code == 409
    assert (await office.get(deputy, f"/console/candidates/{sight.candidate}")).is_success
    assert (await office.post(own, end)).status_code == 303
    assert not (await office.get(deputy, f"/console/candidates/{sight.candidate}")).is_success
    assert (await api(office, own, "DELETE", f"{path}/{made.json()['id']}")).status_code == 409
    ended = await deeds(office, "absence.end")
    assert ended == [("absence.end", made.json()["id"])]


async def test_admins_and_keys_say_it_for_anybody_and_managers_for_nobody(office: Office) -> None:
    own, deputy = await office.user("own", Role.HR), await office.user("dep", Role.HR)
    admin, manager = await office.user("a", Role.HR_ADMIN), await office.user("m", Role.MANAGER)
    fields = away(office, deputy, starts=3)
    sent = await office.post(admin, "/console/settings/absences", user=own.id, **fields)
    assert sent.status_code == 303
    assert "姓名own" in (await office.get(admin, "/console/settings")).text
    key = await office.key("absence.write")
    got = await office.http.get(f"/api/v1/users/{own.id}/absences", headers=key)
    assert [one["deputy_id"] for one in got.json()["items"]] == [deputy.id]
    nobody = await office.http.get("/api/v1/users/u_none/absences", headers=key)
    assert nobody.status_code == 404
    refused = await office.post(manager, "/console/settings/absences", **fields)
    assert refused.status_code == 403
    assert 'id="absences"' not in (await office.get(manager, "/console/settings")).text
    foreign = await office.post(own, "/console/settings/absences", user=deputy.id, **fields)
    assert foreign.status_code == 404


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"deputy": ""}, "请选择代班的同事"),
        ({"deputy": "u_none"}, "这位同事不能代班"),
        ({"deputy": "@self"}, "代班的人不能是本人"),
        ({"deputy": "@manager"}, "这位同事不能代班"),
        ({"from_on": "2026-02-30"}, "请选择一个日期"),
        ({"until_on": "<b>"}, "请选择一个日期"),
        ({"until_on": "2000-01-01"}, "请选择一个日期"),
        ({"until_on": "@yesterday"}, "最后一天不能早于第一天"),
    ],
)
async def test_a_form_that_makes_no_sense_comes_back_with_what_is_wrong(
    small_office: Office, changed: dict[str, str], says: str
) -> None:
    office = small_office
    own, deputy = await office.user("own", Role.HR), await office.user("dep", Role.HR)
    manager = await office.user("m", Role.MANAGER)
    real = {
        "@self": own.id,
        "@manager": manager.id,
        "@yesterday": (today(office) - timedelta(days=1)).isoformat(),
    }
    fields = away(office, deputy) | {k: real.get(v, v) for k, v in changed.items()}
    answer = await office.post(own, "/console/settings/absences", **fields)
    assert answer.status_code == 422
    assert says in answer.text
    assert "<b>" not in answer.text
    assert await deeds(office, "absence.add") == []


async def test_two_absences_do_not_cross(small_office: Office) -> None:
    office = small_office
    own, deputy = await office.user("own", Role.HR), await office.user("dep", Role.HR)
    fields = away(office, deputy, starts=2, days=3)
    assert (await office.post(own, "/console/settings/absences", **fields)).status_code == 303
    again = await office.post(own, "/console/settings/absences", **fields)
    assert (again.status_code, "已经登记过休假" in again.text) == (409, True)


async def test_a_team_is_told_on_the_positions_form_and_sees_its_people(office: Office) -> None:
    own, mate, other = [await office.user(login, Role.HR) for login in ("own", "mate", "other")]
    sight = await case(office, own)
    row = await office.road.database.read(lambda tx: _position_of(tx, sight.candidate))
    path = f"/console/positions/{row}"
    form = (await office.get(own, f"/console/positions?edit={row}")).text
    assert f'name="team:{mate.id}"' in form
    assert f'name="team:{own.id}"' not in form
    fields = {"title": "后端工程师", "team": "1", f"team:{mate.id}": "1"}
    assert (await office.post(own, path, **fields)).status_code == 303
    assert "团队：姓名mate" in (await office.get(other, "/console/positions")).text
    assert (await office.get(mate, f"/console/candidates/{sight.candidate}")).is_success
    assert (await sight.presses(mate)) == 303
    # A colleague who does not work the position neither sees the boxes nor joins by a forged form.
    form = (await office.get(other, f"/console/positions?edit={row}")).text
    assert 'name="team' not in form
    forged = {"title": "后端工程师", "team": "1", f"team:{other.id}": "1"}
    assert (await office.post(other, path, **forged)).status_code == 409
    put = await api(office, other, "PUT", f"/positions/{row}/team", {"user_ids": [other.id]})
    assert put.status_code == 409
    taken = await api(office, other, "PATCH", f"/positions/{row}", {"owner_id": other.id})
    assert taken.status_code == 409
    plain = await office.post(other, path, title="高级后端工程师")  # no word of the team
    assert plain.status_code == 303
    got = await api(office, own, "GET", f"/positions/{row}/team")
    assert [one["user_id"] for one in got.json()["items"]] == [mate.id]
    emptied = await api(office, mate, "PUT", f"/positions/{row}/team", {"user_ids": []})
    assert emptied.json()["items"] == []
    assert (await office.get(mate, f"/console/candidates/{sight.candidate}")).status_code == 404
    assert len(await deeds(office, "position.team")) == 2


async def test_nobody_but_hr_is_of_a_team(small_office: Office) -> None:
    office = small_office
    own, manager = await office.user("own", Role.HR), await office.user("m", Role.MANAGER)
    position = await office.position(owner_id=own.id)
    path = f"/positions/{position}/team"
    for wrong in ([manager.id], ["u_none"], [own.id, "u_none"]):
        answer = await api(office, own, "PUT", path, {"user_ids": wrong})
        assert answer.status_code == 422
    assert (await api(office, own, "GET", path)).json()["items"] == []


def _position_of(tx: Any, candidate: str) -> str:
    rows = table(Candidate)
    return str(tx.first(rows.select().where(rows.c.id == candidate)).position_id)
