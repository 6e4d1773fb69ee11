"""Attacks on WeCom's callback URL over the wire: refused alike, at once, and nothing is stored."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from bot.messages import HttpCall
from storage.queries.common import table
from storage.tables import Conversation, Identity, Message, Outbox, Queue
from tests.contract.place_wecom import CRYPTO, HELLO, enveloped, offline_wecom, sealed
from tests.contract.test_channel_wecom_attacks import DOCUMENTS, broken, encrypts, flipped
from tests.integration.web.conftest import Office

KF_HINT = (
    "<xml><MsgType>event</MsgType><Event>kf_msg_or_event</Event><Token>T</Token>"
    "<OpenKfId>wk1</OpenKfId></xml>"
)


@pytest.fixture
def office(small_office: Office) -> Office:
    small_office.road.channels["wecom"] = offline_wecom()  # type: ignore[index]
    return small_office


async def knock(office: Office, call: HttpCall, query: str = "") -> tuple[int, str, float]:
    """Status, what is said of it, and the seconds of the quickest of three."""
    url = f"/hooks/wecom?{query or urlencode(call.query)}"
    took = []
    for _ in range(3):
        began = time.perf_counter()
        answer = await office.http.request(call.method, url, content=call.body)
        took.append(time.perf_counter() - began)
    said = answer.text
    if answer.headers.get("content-type", "").startswith("application/"):
        said = json.dumps({**answer.json(), "request_id": ""})
    return answer.status_code, said, min(took)


async def stored(office: Office) -> Mapping[str, int]:
    """How many rows there are of everything a call could make."""

    def count(tx: object) -> dict[str, int]:
        models = (Message, Conversation, Identity, Outbox, Queue)
        return {
            model.__tablename__: len(tx.all(table(model).select()))  # type: ignore[attr-defined]
            for model in models
        }

    found: Mapping[str, int] = await office.road.database.read(count)
    return {name: number for name, number in found.items() if number}


def refused_calls() -> dict[str, HttpCall]:
    """A20, A21, A22, A23, A26: not sealed with our keys, now."""
    good, now = sealed(HELLO), int(time.time())
    begin = good.body.index(b"<Encrypt><![CDATA[") + len(b"<Encrypt><![CDATA[")
    calls = {
        f"without_{name}": replace(good, query={k: v for k, v in good.query.items() if k != name})
        for name in good.query
    }
    calls |= {f"bit_{at}": flipped(good, begin * 8 + at) for at in (1, 400, 1601)}
    for name, signature in {
        "é": "é" * 64,
        "empty": "",
        "zeros": "0" * 40,
        "long": "a" * 2_000,
    }.items():
        calls[f"signed_{name}"] = replace(good, query=good.query | {"msg_signature": signature})
    calls["another_nonce"] = replace(good, query=good.query | {"nonce": "another"})
    calls |= {f"at_{by}": sealed(HELLO, at=now + by) for by in (-302, -601, 302, 86_400)}
    for at in ("-1", "1e9", "9" * 20, f"{now}000", "１７６０００００００"):
        encrypt = CRYPTO.encrypt(HELLO, b"0123456789abcdef")
        query = {"timestamp": at, "nonce": "n", "msg_signature": CRYPTO.sign(at, "n", encrypt)}
        calls[f"stamp_{at}"] = replace(good, query=query)
    calls |= {f"inside_{name}": enveloped(encrypt) for name, encrypt in broken().items()}
    strange = good.query | {"echostr": "A" * 44}
    calls["echo"] = HttpCall(method="GET", headers={}, query=strange, body=b"")
    return calls


def malformed_calls() -> dict[str, HttpCall]:
    """A24, A25: whatever holds no envelope, and a sealed document that bites."""
    good = sealed(HELLO)
    calls = {name: replace(good, body=body) for name, body in encrypts().items()}
    for name, document in DOCUMENTS.items():
        if len(document) < 200_000:
            body = document.format("<Encrypt>A</Encrypt>").encode()
            calls[f"outside_{name}"] = replace(good, body=body)
            calls[f"inside_{name}"] = sealed(document.format("<MsgType>text</MsgType>"))
    return calls


async def test_a20_to_a26_are_refused_alike_at_once_and_store_nothing(office: Office) -> None:
    answers = {name: await knock(office, call) for name, call in refused_calls().items()}
    assert {name: status for name, (status, _, _) in answers.items() if status != 403} == {}
    assert len({said for _, said, _ in answers.values()}) == 1
    assert {name: took for name, (_, _, took) in answers.items() if took > 0.05} == {}
    assert await stored(office) == {}


async def test_a24_and_a25_are_malformed_at_once_and_store_nothing(office: Office) -> None:
    answers = {name: await knock(office, call) for name, call in malformed_calls().items()}
    # A document whose one bad part is beside its Encrypt is judged by what it seals: nothing.
    sealed_nothing = {name: status for name, (status, _, _) in answers.items() if status != 400}
    assert sealed_nothing == {"outside_undefined_entity": 403}
    assert {name: took for name, (_, _, took) in answers.items() if took > 0.05} == {}
    assert await stored(office) == {}


async def test_a21_a_parameter_that_stands_there_twice_is_refused(office: Office) -> None:
    good = sealed(HELLO)
    for name in good.query:
        for double in ("x", good.query[name]):
            query = urlencode([*good.query.items(), (name, double)])
            assert (await knock(office, good, query))[0] == 403
    assert (await knock(office, good, urlencode(good.query) + "&msg_signature=%ED%B2%80"))[0] == 403
    long = urlencode(good.query | {"msg_signature": "a" * 9_000})
    assert (await knock(office, good, long))[0] in (400, 414)  # the edge takes no such address
    assert (await knock(office, good, "msg_signature=%ED%B2%80&timestamp=%FF&nonce=%FE"))[0] == 403
    assert await stored(office) == {}


async def test_a24_a_megabyte_is_not_even_read_into_an_envelope(office: Office) -> None:
    call = replace(sealed(HELLO), body=DOCUMENTS["large_token"].format("").encode())
    took = []
    for _ in range(5):  # the best of some: the machine may be busy with something else
        status, _, seconds = await knock(office, call)
        assert status in (400, 413)
        took.append(seconds)
    assert min(took) < 0.1
    assert await stored(office) == {}


async def test_a22_a_replay_is_acknowledged_and_changes_nothing(office: Office) -> None:
    good, hint = sealed(HELLO), sealed(KF_HINT)
    for call in (good, good, hint, hint):
        status, said, _ = await knock(office, call)
        assert (status, said) == (200, "")
    rows = await office.road.database.read(lambda tx: tx.all(table(Message).select()))
    assert len([row for row in rows if row.direction == "inbound"]) == 1
    [queue] = await office.road.database.read(lambda tx: tx.all(table(Queue).select()))
    assert (queue.account, queue.token) == ("wk1", "T")


async def test_a30_the_same_message_four_times_at_once_is_one_message_and_one_reply(
    office: Office,
) -> None:
    calls = [sealed(HELLO, nonce=str(n)) for n in range(4)]
    answers = await asyncio.gather(*(knock(office, call) for call in calls))
    assert [status for status, _, _ in answers] == [200] * 4

    async def replied() -> bool:
        return (await stored(office)).get("outbox", 0) > 0

    await office.until(replied)
    await asyncio.sleep(0.2)
    found = await stored(office)
    assert (found["conversation"], found["message"], found["outbox"]) == (1, 2, 1)
