"""``yinuo export verdicts``: what people judged, as lines training can read, naming nobody."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bot import accounts, desk, pipeline
from bot.errors import BotError
from config.settings import Settings
from nlp import corpus
from nlp.scheme import Condition, Intent
from storage.enums import Review, Stage, Verdict
from storage.queries import audit
from storage.queries.common import table, update
from storage.queries.review import Labels
from storage.tables import Candidate
from tests.doubt import DOUBT
from tests.integration.hr import Desk

PHONE = "13812345678"
REFUSAL = "到不了两万我就不过去了"
MENDED = Labels(intents=("terms",), commitment=1, reported=False, condition="soft")


def exported(settings: Settings, path: Path) -> list[corpus.Example]:
    accounts.export_verdicts(settings, path)
    return list(corpus.read(path))


async def test_every_judgement_becomes_the_line_it_says(
    hr_desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    talks = [hr_desk.candidate(f"候选{n}") for n in "甲乙丙丁戊己"]
    false, useful = [await hr_desk.say(talk, REFUSAL) for talk in talks[:2]]
    harmless, followed, mended, silent = [
        await hr_desk.say(talk, f"薪资的事{DOUBT}") for talk in talks[2:]
    ]
    await hr_desk.judge(false, Verdict.FALSE_ALARM)
    await hr_desk.judge(useful, Verdict.USEFUL)
    await hr_desk.judge(useful, Verdict.HANDLED)
    await desk.review(hr_desk.road, hr_desk.hr, harmless, Review.HARMLESS)
    await desk.review(hr_desk.road, hr_desk.hr, followed, Review.FOLLOW_UP)
    await desk.relabel(hr_desk.road, hr_desk.hr, mended, MENDED)
    await desk.review(hr_desk.road, hr_desk.hr, mended, Review.FOLLOW_UP)
    lines = exported(settings, tmp_path / "verdicts.jsonl")
    assert [(line.commitment, line.alert) for line in lines] == [
        (0, False),
        (-2, True),
        (0, False),
        (-2, True),
        (1, False),
    ]
    assert {line.origin for line in lines} == {"verdict"}
    assert all(line.tags == () and line.stage == "offer" for line in lines)
    assert len({line.id for line in lines}) == 5
    assert lines[0].condition is Condition.NONE
    assert lines[1].condition is Condition.HARD
    assert lines[2].intents == {Intent.CONSIDER, Intent.SALARY}
    assert lines[4].intents == {Intent.TERMS}
    text = (tmp_path / "verdicts.jsonl").read_text("utf-8")
    assert silent not in text


async def test_nobody_is_named_and_a_voice_is_stable(
    hr_desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    talk, other = hr_desk.candidate(), hr_desk.candidate("李四")
    hr_desk.answered(talk, f"三丰你好，我是王敏，加我微信 wangmin_hr 或打{PHONE}")
    said = f"王姐，我是张三丰，电话一三八1234五六七八，邮箱 zhangsanfeng@qq.com，{DOUBT}"
    first = await hr_desk.say(talk, said)
    second = await hr_desk.say(talk, f"小张再说一句，身份证11010519491231002X，{DOUBT}")
    third = await hr_desk.say(other, f"嗯{DOUBT}")
    for uid in (first, second, third):
        await desk.review(hr_desk.road, hr_desk.hr, uid, Review.HARMLESS)
    path = tmp_path / "verdicts.jsonl"
    lines = exported(settings, path)
    text = path.read_text("utf-8")
    for secret in (
        "张三丰", "三丰", "小张", "王敏", "王姐", "李四", "wangmin", "zhangsanfeng", PHONE, "1234",
        "11010519491231002X", talk[0], other[0], first, hr_desk.hr.id,
    ):  # fmt: skip
        assert secret not in text, secret
    assert lines[0].text == f"某某，我是某某，电话[手机号]，邮箱 [邮箱]，{DOUBT}"
    [before] = lines[0].context
    assert (before.role, before.text) == (
        "hr",
        "某某你好，我是某某，加我微信 [微信号] 或打[手机号]",
    )
    assert lines[0].voice == lines[1].voice != lines[2].voice
    assert {line.author for line in lines} == {"hr"}
    assert exported(settings, path) == lines
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_line_holds_what_the_reader_saw(
    hr_desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    talk = hr_desk.candidate(stage=Stage.ACCEPTED)
    for text in ("早", "第一句", "第二句"):
        await hr_desk.say(talk, text)
    hr_desk.road.pause = hr_desk.road.longest = timedelta(seconds=0.3)
    uid = await hr_desk.say(talk, "薪资的事", DOUBT)  # too early: they may still be typing
    await asyncio.sleep(0.4)
    await pipeline.handle(hr_desk.road, talk[1])
    await desk.review(hr_desk.road, hr_desk.hr, uid, Review.FOLLOW_UP)
    await desk.move(hr_desk.road, hr_desk.hr, talk[0], Stage.RENEGED)
    [line] = exported(settings, tmp_path / "v.jsonl")
    assert line.text == f"薪资的事\n{DOUBT}"
    assert line.stage == "accepted"
    assert len(line.context) == 2
    assert line.context[-1].role in ("bot", "candidate")


async def test_a_verdict_belongs_to_the_message_it_was_given_on(
    hr_desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    talk = hr_desk.candidate()
    first = await hr_desk.say(talk, REFUSAL)
    await hr_desk.judge(first, Verdict.USEFUL)
    second = await hr_desk.say(talk, "低于两万五我就不来了")
    await hr_desk.judge(second, Verdict.FALSE_ALARM)
    lines = exported(settings, tmp_path / "v.jsonl")
    assert [(line.text, line.alert) for line in lines] == [
        (REFUSAL, True),
        ("低于两万五我就不来了", False),
    ]


async def test_the_command_exports_and_stands_in_the_audit(
    hr_desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "verdicts.jsonl"
    # A process of its own: the command sets up logging for all of its process.
    ran = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "export", "verdicts", str(path)),
        env=os.environ
        | {
            "YINUO_DATA_DIR": str(settings.data_dir),
            "YINUO_DATABASE_URL": settings.effective_database_url,
        },
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await ran.communicate()
    assert ran.returncode == 0
    assert "0 条" in said.decode()
    assert path.read_bytes() == b""
    rows = await hr_desk.road.database.read(lambda tx: audit.page(tx))
    [deed] = [row for row in rows if row.action == "verdicts.export"]
    assert (deed.actor, deed.details) == ("operator", {"lines": 0})


async def test_an_export_that_cannot_be_written_is_told(
    hr_desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(BotError, match="No such file"):
        accounts.export_verdicts(settings, tmp_path / "none" / "v.jsonl")
    with pytest.raises(BotError, match="folder"):
        accounts.export_verdicts(settings, tmp_path)
    rows = await hr_desk.road.database.read(lambda tx: audit.page(tx))
    assert "verdicts.export" not in {row.action for row in rows}


async def test_an_export_is_its_owners_alone(
    hr_desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "v.jsonl"
    path.write_text("old and open to all", encoding="utf-8")
    path.chmod(0o644)
    accounts.export_verdicts(settings, path)
    assert path.read_bytes() == b""
    assert path.stat().st_mode & 0o777 == 0o600
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".v")]


async def test_a_candidate_who_is_erased_is_in_no_line(
    hr_desk: Desk, settings: Settings, tmp_path: Path
) -> None:
    talk = hr_desk.candidate()
    uid = await hr_desk.say(talk, f"薪资的事{DOUBT}")
    await desk.review(hr_desk.road, hr_desk.hr, uid, Review.HARMLESS)
    assert len(exported(settings, tmp_path / "v.jsonl")) == 1
    mine = table(Candidate).c.id == talk[0]
    hr_desk.write(lambda tx: update(tx, Candidate, mine, erased_at=tx.now))
    assert exported(settings, tmp_path / "v.jsonl") == []
