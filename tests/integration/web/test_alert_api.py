"""One alert over the API: what helps to answer it, its history, and putting it off."""

from __future__ import annotations

from datetime import timedelta

from storage.enums import Role
from tests.integration.web.conftest import Office, cookie_header
from tests.integration.web.test_console import with_alert


async def test_the_interface_tells_the_same_and_puts_off(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    _, _, alert_id = await with_alert(office, "张三丰")
    path = f"/api/v1/alerts/{alert_id}"
    headers = {**cookie_header(hr), "X-CSRF-Token": hr.csrf}
    whole = (await office.http.get(path, headers=cookie_header(hr))).json()
    assert whole["suggestion"]["draft"].startswith("张三丰")
    assert whole["suggestion"]["aims"]
    assert (whole["snoozed_until"], whole["escalation"]) == (None, 0)
    assert whole["events"][0]["kind"] == "raised"
    until = (office.clock() + timedelta(hours=3)).replace(microsecond=0)
    key = {**headers, "Idempotency-Key": "later-1"}
    for _ in range(3):
        body = {"until": until.isoformat()}
        put_off = await office.http.post(f"{path}/snooze", json=body, headers=key)
        assert put_off.status_code == 200
    told = put_off.json()
    assert told["snoozed_by"] == "姓名hr"
    snoozed = [one for one in told["events"] if one["kind"] == "snoozed"]
    assert len(snoozed) == 1
    assert snoozed[0]["until"] == told["snoozed_until"]
    default = await office.http.post(f"{path}/snooze", json={}, headers=headers)
    assert default.status_code == 200
    bearer = await office.key()
    by_key = (await office.http.get(path, headers=bearer)).json()
    assert "姓名" not in by_key["suggestion"]["draft"]
    assert (await office.http.post(f"{path}/snooze", json={}, headers=bearer)).status_code == 403
    wrong: tuple[tuple[object, int], ...] = (
        ({"until": "2026-11-24T10:00:00"}, 422),  # whose time?
        ({"until": "2020-01-01T00:00:00Z"}, 409),
        ({"until": (office.clock() + timedelta(days=15)).isoformat()}, 409),
        ({"until": "tomorrow"}, 422),
        ({"forever": True}, 422),
    )
    for request, status in wrong:
        answer = await office.http.post(f"{path}/snooze", json=request, headers=headers)
        assert answer.status_code == status, request
