"""``yinuo doctor`` says when a platform's queue cannot be pulled, since when, and why."""

from __future__ import annotations

from functools import partial

from bot import doctor
from config.settings import Settings
from storage.queries import queues
from storage.queries.queues import At
from tests.integration.hr import Desk


async def test_a_queue_that_cannot_be_pulled_is_named_until_it_can(
    hr_desk: Desk, settings: Settings
) -> None:
    database = hr_desk.road.database
    refused = "客服账号不存在（YINUO_WECOM__OPEN_KFIDS）"
    for account in ("wk1", "wk2"):
        failed = partial(queues.failed, channel="wecom", account=account, error=refused)
        await database.write(failed)
    at = At(cursor="", token="")
    await database.write(lambda tx: queues.moved(tx, "wecom", "wk2", before=at, cursor="C"))
    found = [one for one in doctor._stored(settings, database) if one.what == "收取 wecom"]
    [finding] = found
    assert finding.state == "warn"
    assert finding.found == f"wk1：{refused}（上次成功：无）"
    await database.write(lambda tx: queues.moved(tx, "wecom", "wk1", before=at, cursor="C"))
    assert not any(one.what == "收取 wecom" for one in doctor._stored(settings, database))
