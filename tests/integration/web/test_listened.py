"""A candidate's page where we only listen to one of the conversations."""

from __future__ import annotations

from dataclasses import replace

from storage.enums import Role
from storage.queries import intake
from tests.integration.post import LIMITS, Post
from tests.integration.web.conftest import Office

NO_CHANNEL = "还没有可以联系到对方的渠道"


async def test_a_chat_we_only_listen_to_is_no_place_to_reply(small_office: Office) -> None:
    office = small_office
    hr = await office.user("wangmin", Role.HR)
    post = Post(office.clock, limits=replace(LIMITS, listens=("own/",)))
    office.road.channels["post"] = post  # type: ignore[index] # the office's own dictionary
    who = await office.candidate(owner=hr.id)
    path = f"/console/candidates/{who}"
    for address, blocked in (("own/hr/li", True), ("li", False)):
        await office.write(
            lambda tx, at=address: intake.open_conversation(
                tx, office.road.vault, "post", at, candidate_id=who
            )
        )
        page = (await office.get(hr, path)).text
        assert (NO_CHANNEL in page, f'action="{path}/reply"' in page) == (blocked, not blocked)
    answer = await office.post(hr, f"{path}/reply", text="你好")
    assert answer.status_code == 303
