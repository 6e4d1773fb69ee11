"""``yinuo channel import wecom``: what HR and candidates said elsewhere stands in the record."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import accounts
from bot.errors import BotError, NotReady
from config.settings import Settings
from storage.database import Tx
from storage.enums import Author
from storage.queries import audit, backfill, carried, intake, queues, timeline, turns
from storage.queries.archive import Counted
from storage.queries.common import table, update
from storage.tables import Conversation, Identity, Message, Outbox
from tests.integration.hr import Desk

WM, STRANGER = "wmEAlECwAAHrbWYDOK5u3Bf13xlYDmDg", "wmEAlECwAANobodyWeKnowAtAllAAAAA"
ADDRESS = f"kf/wkA/{WM}"


def record(desk: Desk, number: int, text: str, *, ours: bool = False, **more: Any) -> str:
    """A line of the archive: said ``number`` minutes before an hour ago ended."""
    at = desk.road.now() - timedelta(minutes=60 - number)
    sender, to = ("LiSi", WM) if ours else (WM, "LiSi")
    found = {
        "seq": number, "msgid": f"{number}_a", "action": "send", "from": sender, "tolist": [to],
        "roomid": "", "msgtime": int(at.timestamp() * 1000), "msgtype": "text",
        "text": {"content": text},
    }  # fmt: skip
    return json.dumps(found | more, ensure_ascii=False)


@pytest.fixture
def talk(hr_desk: Desk) -> Any:
    """A candidate's kf chat in which something was said half an hour ago, and just now."""
    candidate_id, _, _ = hr_desk.candidate()
    road = hr_desk.road

    def work(tx: Tx) -> Any:
        row = backfill.talk(
            tx, road.vault, candidate_id=candidate_id, channel="wecom", address=ADDRESS
        )
        key = road.vault.key(tx, row.subject_id)
        past = [
            backfill.PastMessage(
                uid=f"m_{n}", author=Author.CANDIDATE, author_id=None, text=text,
                at=tx.now - timedelta(minutes=minutes),
            )
            for n, (text, minutes) in enumerate((("半小时前", 30), ("刚才", 1)))
        ]  # fmt: skip
        backfill.messages(tx, key, row, past)
        intake.open_conversation(tx, road.vault, "wecom", "app/lisi")
        update(tx, Identity, table(Identity).c.address == "app/lisi", user_id=hr_desk.hr.id)
        return row

    return hr_desk.write(work), candidate_id


def lines(desk: Desk) -> list[str]:
    return [
        record(desk, 1, "那边给了两万八"),
        record(desk, 2, "我去争取一下", ours=True),
        record(desk, 45, "谢谢"),
        record(desk, 50, "", msgtype="file", file={"filename": "简历.pdf"}),
        record(desk, 51, "我们是客户", **{"from": STRANGER}),
        "not JSON",
    ]


def written(path: Path, found: list[str]) -> Path:
    path.write_text("\n".join(found), encoding="utf-8")
    return path


async def test_what_was_said_elsewhere_stands_where_it_was_said(
    hr_desk: Desk, settings: Settings, tmp_path: Path, talk: Any
) -> None:
    row, candidate_id = talk
    path = written(tmp_path / "archive.jsonl", lines(hr_desk))
    road = hr_desk.road
    before = await road.database.read(lambda tx: queues.spoken(tx, row.id))
    done = await asyncio.to_thread(accounts.bring_archive, settings, "wecom", path, "wkA")
    assert done == (Counted(kept=4, strangers=1), 1)
    again = await asyncio.to_thread(accounts.bring_archive, settings, "wecom", path, "wkA")
    assert again == (Counted(known=4, strangers=1), 1)

    def look(tx: Tx) -> list[Any]:
        return timeline.timeline(tx, road.vault, hr_desk.hr, candidate_id)

    rows = timeline.in_time(await road.database.read(look))
    assert [(one.author.value, one.text) for one in rows] == [
        ("candidate", "那边给了两万八"),
        ("hr", "我去争取一下"),
        ("candidate", "半小时前"),
        ("candidate", "谢谢"),
        ("candidate", "[文件] 简历.pdf"),
        ("candidate", "刚才"),
    ]
    assert rows[1].author_name == "王敏"
    raw = await road.database.read(lambda tx: carried.raw(tx, road.vault, rows[4].uid))
    assert raw is not None
    assert "简历.pdf" in raw
    # Nobody is woken, nothing is sent, no window is opened, nothing is context of what is new.
    now = await road.database.read(lambda tx: backfill.talk_by_id(tx, row.id))
    assert (now.wake, now.muted, now.version) == (row.wake, row.muted, row.version)
    assert await road.database.read(lambda tx: tx.all(table(Outbox).select())) == []
    assert await road.database.read(lambda tx: queues.spoken(tx, row.id)) == before
    newest = max(one.id for one in rows) + 1
    context = await road.database.read(lambda tx: turns.before(tx, row.id, newest))
    assert [one.uid for one in context] == ["m_0", "m_1"]
    stored = await road.database.read(lambda tx: tx.all(table(Message).select()))
    assert not any("两万八" in one.body_sealed for one in stored)


async def test_the_command_says_what_became_of_it(
    hr_desk: Desk, settings: Settings, tmp_path: Path, talk: Any
) -> None:
    path = written(tmp_path / "archive.jsonl", lines(hr_desk))
    ran = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "channel", "import", "wecom", str(path)),
        env=os.environ
        | {
            "YINUO_DATA_DIR": str(settings.data_dir),
            "YINUO_DATABASE_URL": settings.effective_database_url,
            "YINUO_WECOM__OPEN_KFIDS": '["wkA"]',
        },
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await ran.communicate()
    assert ran.returncode == 0
    assert "已并入 4 条" in said.decode()
    assert "读不懂 1 行" in said.decode()
    rows = await hr_desk.road.database.read(lambda tx: audit.page(tx))
    [deed] = [row for row in rows if row.action == "archive.import"]
    assert (deed.actor, deed.details["kept"]) == ("operator", 4)


async def test_a_chat_with_somebody_who_is_no_candidate_is_not_kept(
    hr_desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    def work(tx: Tx) -> None:
        intake.open_conversation(tx, hr_desk.road.vault, "wecom", ADDRESS)  # wrote, is not bound

    hr_desk.write(work)
    path = written(tmp_path / "archive.jsonl", lines(hr_desk))
    done, _ = await asyncio.to_thread(accounts.bring_archive, settings, "wecom", path, "wkA")
    assert done == Counted(strangers=5)
    assert await hr_desk.road.database.read(lambda tx: tx.all(table(Message).select())) == []
    [talk] = await hr_desk.road.database.read(
        lambda tx: [r for r in tx.all(table(Conversation).select()) if r.channel == "wecom"]
    )
    assert talk.address == ADDRESS


def test_what_cannot_be_brought_in_is_said(settings: Settings, tmp_path: Path) -> None:
    for name in ("telegram", "nothing", "wecom_archive"):
        with pytest.raises(BotError, match="no archive"):
            accounts.bring_archive(settings, name, tmp_path / "x", "")
    with pytest.raises(BotError, match="No such file"):
        accounts.bring_archive(settings, "wecom", tmp_path / "x", "wkA")
    path = written(tmp_path / "archive.jsonl", [])
    for account in ("", "not an id"):
        with pytest.raises(NotReady, match="--account"):
            accounts.bring_archive(settings, "wecom", path, account)
