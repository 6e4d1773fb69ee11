"""A résumé from the chat or from HR's desk becomes statements only by HR's hand."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from docx import Document

from bot import attachments, filing, proposing
from bot.errors import Conflict, NotFound
from bot.messages import Address, Inbound, Media, Received
from bot.resume.document import Unreadable
from storage.enums import MediaKind, MessageKind, Role
from storage.queries import audit, media, people, profile, users
from storage.viewer import Viewer
from tests.integration.hr import Desk
from tests.resumes.known_layouts import period_first
from tests.resumes.people import PEOPLE

RESUME = period_first(PEOPLE[0])
#: Asked of somebody who writes neither a clear month nor a clear amount.
VAGUE = """张某 男 28岁 已婚
工作经历
2019-2021 杭州星河科技有限公司 后端工程师
月薪：15
离职原因：回老家结婚，薪资低
求职意向
期望薪资：20k
到岗时间：随时"""


def word(text: str) -> bytes:
    made = Document()
    for line in text.splitlines():
        made.add_paragraph(line)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def statements(desk: Desk, who: str) -> list[Any]:
    def work(tx: Any) -> list[Any]:
        row = people.get_candidate(tx, desk.road.vault, desk.hr, who)
        return profile.statements(tx, desk.road.vault.key(tx, row.subject_id), who)

    found: list[Any] = desk.write(work)
    return found


def chosen(found: proposing.Waiting, *kinds: str) -> dict[tuple[str, str], str]:
    return {
        (one.kind, one.item): one.text
        for one in found.undecided
        if not one.ask and (not kinds or one.kind in kinds)
    }


async def test_nothing_is_filed_until_hr_confirms_and_then_with_its_source(hr_desk: Desk) -> None:
    who = hr_desk.candidate()[0]
    found = await proposing.from_upload(hr_desk.road, hr_desk.hr, who, RESUME)
    assert statements(hr_desk, who) == []
    filed = await proposing.confirm(
        hr_desk.road, hr_desk.hr, who, found.id, chosen(found, "job.company", "expect.pay")
    )
    kept = statements(hr_desk, who)
    assert len(filed.ids) == len(kept) == 4
    assert {row.source for row in kept} == {f"resume:{found.id}"}
    [left] = await proposing.waiting(hr_desk.road, hr_desk.hr, who)
    assert {one.kind for one in left.undecided} & {"job.company", "expect.pay"} == set()
    await proposing.confirm(hr_desk.road, hr_desk.hr, who, found.id, chosen(left))
    assert await proposing.waiting(hr_desk.road, hr_desk.hr, who) == []
    [done] = await proposing.waiting(hr_desk.road, hr_desk.hr, who, settled=True)
    assert (done.state, done.undecided) == ("done", ())
    with pytest.raises(Conflict):
        await proposing.confirm(hr_desk.road, hr_desk.hr, who, found.id, chosen(found))
    deeds = [row.action for row in hr_desk.write(lambda tx: list(audit.entries(tx)))]
    assert deeds.count("resume.read") == 1
    assert deeds.count("record.state") == 2


async def test_what_is_doubtful_is_asked_and_what_is_protected_is_gone(hr_desk: Desk) -> None:
    who = hr_desk.candidate()[0]
    found = await proposing.from_upload(hr_desk.road, hr_desk.hr, who, word(VAGUE))
    by_kind = {one.kind: one for one in found.proposal.fields}
    assert (by_kind["job.from"].text, "2023-05" in by_kind["job.from"].ask) == ("2019", True)
    assert by_kind["job.pay"].text == "15"
    assert by_kind["job.pay"].ask
    assert by_kind["expect.start"].ask
    assert by_kind["job.left_because"].text == "薪资低"
    assert by_kind["job.left_tag"].text == "薪资"
    assert found.proposal.left_out == 4
    for word_ in ("28岁", "已婚", "男", "结婚"):
        assert word_ not in str(found.proposal.as_json())
    item = by_kind["job.from"].item
    with pytest.raises(filing.Unclear) as unclear:
        await proposing.confirm(
            hr_desk.road, hr_desk.hr, who, found.id, {("job.from", item): "2019"}
        )
    assert set(unclear.value.asks) == {("job.from", item)}
    assert statements(hr_desk, who) == []
    told = {("job.from", item): "2019-03"}
    await proposing.confirm(hr_desk.road, hr_desk.hr, who, found.id, told)
    assert [row.value for row in statements(hr_desk, who)] == ["2019-03"]


async def test_a_field_that_the_resume_does_not_have_is_refused(hr_desk: Desk) -> None:
    who = hr_desk.candidate()[0]
    found = await proposing.from_upload(hr_desk.road, hr_desk.hr, who, RESUME)
    with pytest.raises(filing.Unclear):
        await proposing.confirm(
            hr_desk.road, hr_desk.hr, who, found.id,
            {**chosen(found, "expect.pay"), ("expect.plan", ""): "转管理"},
        )  # fmt: skip
    assert statements(hr_desk, who) == []


async def test_dropping_ends_it_and_keeps_nothing(hr_desk: Desk) -> None:
    who = hr_desk.candidate()[0]
    found = await proposing.from_upload(hr_desk.road, hr_desk.hr, who, RESUME)
    await proposing.drop(hr_desk.road, hr_desk.hr, who, found.id)
    assert await proposing.waiting(hr_desk.road, hr_desk.hr, who) == []
    assert statements(hr_desk, who) == []
    with pytest.raises(Conflict):
        await proposing.drop(hr_desk.road, hr_desk.hr, who, found.id)


async def test_managers_and_other_hr_see_no_proposal(hr_desk: Desk) -> None:
    who = hr_desk.candidate()[0]
    found = await proposing.from_upload(hr_desk.road, hr_desk.hr, who, RESUME)
    for role in (Role.MANAGER, Role.HR):
        made = hr_desk.write(
            lambda tx, role=role: users.create_user(
                tx, login=f"other{role}", name="旁人", role=role
            )
        )
        other = Viewer.of_user(made, "旁人", role)
        with pytest.raises(NotFound):
            await proposing.waiting(hr_desk.road, other, who)
        with pytest.raises(NotFound):
            await proposing.confirm(hr_desk.road, other, who, found.id, chosen(found))
        with pytest.raises(NotFound):
            await proposing.from_upload(hr_desk.road, other, who, RESUME)


async def given(desk: Desk, talk: tuple[str, str, str], data: bytes) -> str:
    """A file the candidate attached, kept; its id."""
    message = Inbound(
        external_id="e_file",
        sender=Address("webchat", talk[2]),
        kind=MessageKind.TEXT,
        text="",
        sent_at=desk.road.now(),
        media=(Media(id="ref", kind=MediaKind.FILE, name="简历.pdf", size=9, here=True),),
    )
    [stored] = await desk.app.door.accept(Received(messages=(message,)))
    [attached] = desk.write(lambda tx: media.of_messages(tx, desk.road.vault, [stored.uid]))

    async def stream() -> AsyncIterator[bytes]:
        yield data

    await attachments.keep(desk.road, attached, stream())
    return str(attached.id)


async def test_a_file_from_the_chat_is_read_once(hr_desk: Desk) -> None:
    talk = hr_desk.candidate()
    attachment = await given(hr_desk, talk, RESUME)
    first = await proposing.from_attachment(hr_desk.road, hr_desk.hr, attachment)
    again = await proposing.from_attachment(hr_desk.road, hr_desk.hr, attachment)
    assert first.id == again.id
    assert first.source == f"attachment:{attachment}"
    assert len(await proposing.waiting(hr_desk.road, hr_desk.hr, talk[0])) == 1


async def test_an_unreadable_file_says_why_and_leaves_nothing(hr_desk: Desk) -> None:
    who = hr_desk.candidate()[0]
    with pytest.raises(Unreadable, match="只读 PDF"):
        await proposing.from_upload(hr_desk.road, hr_desk.hr, who, b"MZ\x90\x00")
    with pytest.raises(Unreadable, match="没有读出"):
        await proposing.from_upload(hr_desk.road, hr_desk.hr, who, word("今天天气不错。" * 9))
    assert await proposing.waiting(hr_desk.road, hr_desk.hr, who) == []
