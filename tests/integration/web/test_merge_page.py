"""Two records of one person in the console: found, looked at, merged, and taken apart again."""

from __future__ import annotations

import re
from typing import Any

from bot import filing, offering
from bot.offers.terms import Terms
from storage.enums import Role
from storage.queries import merging, people
from storage.viewer import SYSTEM
from tests.integration.web.conftest import Office, Person, cookie_header, viewer
from tests.integration.web.test_record import EVIL, actions, standing, told
from tests.integration.web.test_record import text_of as words_of

PHONE = "13812345678"


def path_of(candidate: str) -> str:
    return f"/console/candidates/{candidate}/merge"


async def doubles(office: Office, hr: Person) -> tuple[str, str]:
    """张三 twice: the second knows another pay, a plan and a job."""
    kept = await office.candidate("张三", owner=hr.id, phone=PHONE)
    gone = await office.candidate("张三（内推）", owner=hr.id, phone=PHONE)
    await told(office, hr, kept, expect_pay="18k", expect_city="杭州")
    await told(office, hr, gone, expect_pay="20k", expect_city="杭州", expect_plan="做架构师")
    item = filing.new_item()
    said = {("job.company", item): "星河科技"}
    await filing.state(office.road, viewer(hr), gone, said, source=f"form:{hr.id}")
    return kept, gone


async def alive(office: Office, candidate: str) -> bool:
    def read(tx: Any) -> bool:
        found = people.page_candidates(tx, office.road.vault, SYSTEM)
        return candidate in {row.id for row in found}

    return bool(await office.road.database.read(read))


async def merge_of(office: Office, candidate: str) -> str:
    rows = await office.road.database.read(lambda tx: merging.merges(tx, candidate))
    return str(rows[0].id)


async def values_of(office: Office, candidate: str) -> dict[str, Any]:
    return {row.kind: row.value for row in await standing(office, candidate)}


async def test_the_same_phone_is_offered_and_a_name_is_found(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    kept, gone = await doubles(office, hr)
    named = await office.candidate("张三丰", owner=hr.id)
    await office.candidate("张三外", owner=other.id, phone=PHONE)
    page = (await office.get(hr, path_of(kept))).text
    assert re.findall(r"\?other=(c_\w+)", page) == [gone]
    assert "手机号相同" in page
    assert PHONE not in page
    found = (await office.get(hr, f"{path_of(kept)}?q=张三")).text
    assert re.findall(r"\?other=(c_\w+)", found) == [gone, named]
    assert "没有找到" in (await office.get(hr, f"{path_of(kept)}?q=李四")).text


async def test_the_preview_tells_what_stays_what_differs_and_what_moves(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    kept, gone = await doubles(office, hr)
    token = await office.chat(gone)
    await office.http.post(f"/chat/{token}/messages", json={"text": "您好"})
    page = (await office.get(hr, f"{path_of(kept)}?other={gone}")).text
    words = words_of(page)
    assert "有 1 项两边不同 期望薪资 以此为准 18,000 元/月 成为旧值 20,000 元/月" in words
    assert "补上没有的：职业规划" in words
    assert "1 段工作经历" in words
    assert "对话：网页聊天" in words
    turned = (await office.get(hr, f"{path_of(kept)}?other={gone}&keep=other")).text
    assert "以此为准 20,000 元/月 成为旧值 18,000 元/月" in words_of(turned)
    assert 'name="keep" value="other"' in turned
    assert await alive(office, gone)
    assert await actions(office, gone) == ["record.state", "record.state", *["candidate.read"] * 2]


async def test_a_merge_joins_them_and_its_undo_is_exact(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    kept, gone = await doubles(office, hr)
    before = [await standing(office, one, history=True) for one in (kept, gone)]
    done = await office.post(hr, path_of(kept), other=gone, keep="here")
    assert done.headers["location"] == f"{path_of(kept)}?said=merged"
    assert not await alive(office, gone)
    joined = await values_of(office, kept)
    assert joined["expect.pay"]["low"] == 18_000
    assert joined["expect.plan"] == "做架构师"
    assert joined["job.company"] == "星河科技"
    record = (await office.get(hr, f"/console/candidates/{kept}/record")).text
    assert "20,000 元/月" in re.findall(r'(?s)<details class="old">.*?</details>', record)[0]
    assert (await office.get(hr, path_of(gone))).status_code == 404
    page = (await office.get(hr, path_of(kept))).text
    assert "姓名hr 合并" in words_of(page)
    merge_id = await merge_of(office, kept)
    assert f"{path_of(kept)}/{merge_id}/undo" in page
    undone = await office.post(hr, f"{path_of(kept)}/{merge_id}/undo")
    assert undone.headers["location"] == f"{path_of(kept)}?said=unmerged"
    after = [await standing(office, one, history=True) for one in (kept, gone)]
    assert after == before
    again = await office.post(hr, f"{path_of(kept)}/{merge_id}/undo")
    assert again.status_code == 409
    assert "撤销于" in words_of((await office.get(hr, path_of(kept))).text)


async def test_the_other_one_may_be_kept(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    here, other = await doubles(office, hr)
    done = await office.post(hr, path_of(here), other=other, keep="other")
    assert done.headers["location"] == f"{path_of(other)}?said=merged"
    assert not await alive(office, here)
    assert (await values_of(office, other))["expect.pay"]["low"] == 20_000


async def test_a_record_with_an_offer_is_the_one_that_stays(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    kept, gone = await doubles(office, hr)
    await offering.draft(office.road, viewer(hr), gone, Terms(base=18_000))
    page = (await office.get(hr, f"{path_of(kept)}?other={gone}")).text
    assert "请反过来" in page
    assert ">合并</button>" not in page
    sent = await office.post(hr, path_of(kept), other=gone, keep="here")
    assert sent.status_code == 409
    assert await alive(office, gone)
    await offering.draft(office.road, viewer(hr), kept, Terms(base=18_000))
    for keep in ("here", "other"):
        both = await office.get(hr, f"{path_of(kept)}?other={gone}&keep={keep}")
        assert "都有 Offer" in both.text
        assert (await office.post(hr, path_of(kept), other=gone, keep=keep)).status_code == 409


async def test_nobody_merges_or_undoes_what_they_may_not_know_of(office: Office) -> None:
    hr, other = await office.user("hr", Role.HR), await office.user("hr2", Role.HR)
    manager = await office.user("m", Role.MANAGER)
    position = await office.position(owner_id=hr.id, manager_id=manager.id)
    mine = await office.candidate("张三", position_id=position)
    kept, gone = await doubles(office, other)
    answers = []
    for forged in (kept, "c_none", "", "../x", "x" * 3000):
        for keep in ("here", "other"):
            sent = await office.post(hr, path_of(mine), other=forged, keep=keep)
            assert sent.status_code == 409
            answers.append(re.sub(r'(csrf[^>]*(?:value|content)=)"[^"]+"', r"\1", sent.text))
    assert len(set(answers)) == 1
    for looked in (kept, "c_none"):
        assert (await office.get(hr, f"{path_of(mine)}?other={looked}")).status_code == 404
        assert (await office.get(hr, path_of(looked))).status_code == 404
    assert (await office.post(hr, path_of(mine), other=mine, keep="here")).status_code == 422
    assert (await office.post(hr, path_of(mine), other=gone, keep="both")).status_code == 422
    assert (await office.get(manager, path_of(mine))).status_code == 403
    sent = await office.http.post(
        path_of(kept), data={"csrf": hr.csrf, "other": gone, "keep": "here"},
        headers=cookie_header(other),
    )  # fmt: skip
    assert sent.status_code == 403
    await office.post(other, path_of(kept), other=gone, keep="here")
    merge_id = await merge_of(office, kept)
    assert (await office.post(hr, f"{path_of(mine)}/{merge_id}/undo")).status_code == 409
    assert (await office.post(hr, f"{path_of(kept)}/{merge_id}/undo")).status_code == 404
    assert (await office.post(other, f"{path_of(kept)}/g_none/undo")).status_code == 409
    assert not await alive(office, gone)


async def test_words_of_both_are_never_markup(office: Office) -> None:
    hr = await office.user("hr", Role.HR)
    one, two = await office.candidate(EVIL), await office.candidate(f"{EVIL}二")
    await told(office, hr, one, expect_city=EVIL, own_skills="Go")
    await told(office, hr, two, expect_city=f"{EVIL}二", expect_plan=EVIL)
    page = (await office.get(hr, f"{path_of(one)}?other={two}&q=onerror")).text
    assert "<img" not in page
    assert page.count("&lt;img") >= 6
    quoted = await office.get(hr, f'{path_of(one)}?q="><script>alert(1)</script>')
    assert "<script>alert" not in quoted.text
