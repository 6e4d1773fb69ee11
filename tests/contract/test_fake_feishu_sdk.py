"""The stand-in for Feishu, judged by the platform's own client for its open API.

`lark-oapi` builds the requests and decodes the answers with the code that talks to the platform.
It keeps tokens in a cache of the whole process by app_id, so every test has an app of its own.
"""

import importlib
import io
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes import feishu_inbound as inbound
from tests.fakes.feishu import FakeFeishu, Member
from tests.fakes.feishu_sdk import official

lark = official()
im: Any = importlib.import_module("lark_oapi.api.im.v1")
authen: Any = importlib.import_module("lark_oapi.api.authen.v1")
contact: Any = importlib.import_module("lark_oapi.api.contact.v3")
NUMBERS = itertools.count(1)
CARD = {
    "schema": "2.0",
    "config": {"update_multi": True},
    "body": {"elements": [{"tag": "markdown", "content": "**A** 可能不来"}]},
}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def feishu() -> Iterator[FakeFeishu]:
    with FakeFeishu(f"cli_sdk{next(NUMBERS):013d}") as running:
        yield running


@pytest.fixture
def client(feishu: FakeFeishu) -> Any:
    return client_of(feishu)


@pytest.fixture
def li(feishu: FakeFeishu) -> Member:
    return feishu.member("李娜", mobile="13800000001", email="li@example.com")


def client_of(feishu: FakeFeishu, secret: str = "") -> Any:
    built = lark.Client.builder().app_id(feishu.app.app_id).domain(feishu.base_url)
    built = built.app_secret(secret or feishu.app.secret).log_level(lark.LogLevel.CRITICAL)
    return built.build()


def built(kind: Any, **fields: Any) -> Any:
    """A request or body of the client, made by its builder."""
    builder = kind.builder()
    for name, value in fields.items():
        builder = getattr(builder, name)(value)
    return builder.build()


def message(to: str, kind: str, content: Any, uuid: str = "") -> Any:
    body = built(
        im.CreateMessageRequestBody,
        receive_id=to,
        msg_type=kind,
        content=json.dumps(content),
        uuid=uuid,
    )
    return built(im.CreateMessageRequest, receive_id_type="open_id", request_body=body)


# Messages


def test_it_sends_with_its_own_token(feishu: FakeFeishu, client: Any, li: Member) -> None:
    first = client.im.v1.message.create(message(li.open_id, "text", {"text": "您好"}, "1"))
    again = client.im.v1.message.create(message(li.open_id, "text", {"text": "您好"}, "1"))
    assert first.success()
    assert again.data.message_id == first.data.message_id
    assert first.data.chat_id == li.chat_id
    assert (first.data.sender.id, first.data.sender.sender_type) == (feishu.app.app_id, "app")
    assert int(first.data.create_time) > 1_600_000_000_000
    assert li.texts() == ["您好"]
    (token,) = feishu.calls_of("token")
    assert "content-type" not in token.headers


async def test_it_sends_without_blocking(feishu: FakeFeishu, client: Any, li: Member) -> None:
    answer = await client.im.v1.message.acreate(message(li.open_id, "text", {"text": "您好"}))
    assert answer.success()


def test_a_refusal_has_its_code_and_a_log_id(client: Any, li: Member) -> None:
    li.block()
    answer = client.im.v1.message.create(message(li.open_id, "text", {"text": "x"}))
    assert (answer.success(), answer.code) == (False, 230013)
    assert answer.raw.status_code == 400
    assert answer.error["log_id"]


def test_a_wrong_secret_raises(feishu: FakeFeishu, li: Member) -> None:
    client = client_of(feishu, "wrong")
    with pytest.raises(Exception, match="10014"):
        client.im.v1.message.create(message(li.open_id, "text", {"text": "x"}))


def test_it_keeps_a_revoked_token_and_says_429(feishu: FakeFeishu, client: Any, li: Member) -> None:
    request = message(li.open_id, "text", {"text": "x"})
    assert client.im.v1.message.create(request).success()
    feishu.faults.limit_next("send", reset_s=3)
    limited = client.im.v1.message.create(message(li.open_id, "text", {"text": "x"}))
    assert (limited.raw.status_code, limited.code) == (429, 99991400)
    assert limited.raw.headers["x-ogw-ratelimit-reset"] == "3"
    feishu.console.revoke_tokens()
    refused = client.im.v1.message.create(message(li.open_id, "text", {"text": "x"}))
    assert refused.code == 99991663
    assert len(feishu.calls_of("token")) == 1  # nobody asks for a new one


def test_it_replies_edits_and_recalls(client: Any, li: Member) -> None:
    asked = li.say("几点?")
    body = built(
        im.ReplyMessageRequestBody,
        content=json.dumps({"text": "十点"}),
        msg_type="text",
        reply_in_thread=True,
        uuid="r",
    )
    reply = client.im.v1.message.reply(
        built(im.ReplyMessageRequest, message_id=asked, request_body=body)
    )
    assert (reply.data.parent_id, reply.data.root_id) == (asked, asked)
    assert reply.data.thread_id
    id = reply.data.message_id
    body = built(
        im.UpdateMessageRequestBody, msg_type="text", content=json.dumps({"text": "十一点"})
    )
    request = built(im.UpdateMessageRequest, message_id=id, request_body=body)
    assert client.im.v1.message.update(request).data.updated
    assert li.texts() == ["十一点"]
    got = client.im.v1.message.get(built(im.GetMessageRequest, message_id=id)).data.items[0]
    assert json.loads(got.body.content) == {"text": "十一点"}
    assert client.im.v1.message.delete(built(im.DeleteMessageRequest, message_id=id)).success()
    assert li.received() == []


def test_it_replaces_a_card(client: Any, li: Member) -> None:
    sent = client.im.v1.message.create(message(li.open_id, "interactive", CARD)).data
    new = CARD | {"body": {"elements": [{"tag": "markdown", "content": "已处理"}]}}
    body = built(im.PatchMessageRequestBody, content=json.dumps(new))
    request = built(im.PatchMessageRequest, message_id=sent.message_id, request_body=body)
    assert client.im.v1.message.patch(request).success()
    assert li.card(sent.message_id).text == "已处理"


def test_it_sends_and_fetches_files(feishu: FakeFeishu, client: Any, li: Member) -> None:
    body = built(
        im.CreateImageRequestBody, image_type="message", image=("a.png", io.BytesIO(inbound.PIXEL))
    )
    image = client.im.v1.image.create(built(im.CreateImageRequest, request_body=body)).data
    body = built(
        im.CreateFileRequestBody,
        file_type="pdf",
        file_name="简历.pdf",
        file=("a.pdf", io.BytesIO(b"%PDF")),
    )
    file = client.im.v1.file.create(built(im.CreateFileRequest, request_body=body)).data
    for kind, content in (("image", {"image_key": image.image_key}), ("file", vars(file))):
        assert client.im.v1.message.create(message(li.open_id, kind, content)).success()
    assert [seen.kind for seen in li.received()] == ["image", "file"]
    sent = li.send(inbound.file(feishu.state, "简历.pdf", b"%PDF-1.4"))
    key = json.loads(feishu.state.messages[sent].content)["file_key"]
    fields = {"message_id": sent, "file_key": key}
    got = client.im.v1.message_resource.get(
        built(im.GetMessageResourceRequest, type="file", **fields)
    )
    assert (got.file.read(), got.file_name) == (b"%PDF-1.4", "简历.pdf")
    wrong = built(im.GetMessageResourceRequest, type="image", **fields)
    assert client.im.v1.message_resource.get(wrong).code == 234003


# People


def test_it_finds_people(client: Any, li: Member) -> None:
    body = built(
        contact.BatchGetIdUserRequestBody,
        emails=["li@example.com"],
        mobiles=["13800000001", "13900000000"],
        include_resigned=False,
    )
    request = built(contact.BatchGetIdUserRequest, user_id_type="open_id", request_body=body)
    found = client.contact.v3.user.batch_get_id(request).data.user_list
    assert [user.user_id for user in found] == [li.open_id, li.open_id, None]
    assert found[0].status.is_activated
    fields = {"user_id": li.open_id, "user_id_type": "open_id"}
    user = client.contact.v3.user.get(built(contact.GetUserRequest, **fields)).data.user
    assert (user.name, user.mobile) == ("李娜", "+8613800000001")


def test_it_lists_the_members_of_a_group(feishu: FakeFeishu, client: Any, li: Member) -> None:
    group = feishu.group("招聘", li)
    request = built(im.GetChatMembersRequest, chat_id=group.id, member_id_type="open_id")
    items = client.im.v1.chat_members.get(request).data.items
    assert [(item.member_id, item.name) for item in items] == [(li.open_id, "李娜")]


def test_it_exchanges_a_login_code(feishu: FakeFeishu, client: Any, li: Member) -> None:
    body = built(
        authen.CreateOidcAccessTokenRequestBody,
        grant_type="authorization_code",
        code=li.login_code(),
    )
    request = built(authen.CreateOidcAccessTokenRequest, request_body=body)
    token = client.authen.v1.oidc_access_token.create(request).data
    assert token.expires_in == 7200
    option = built(lark.RequestOption, user_access_token=token.access_token)
    given = lark.Client.builder().domain(feishu.base_url).enable_set_token(True).build()
    who = given.authen.v1.user_info.get(built(authen.GetUserInfoRequest), option).data
    assert (who.name, who.open_id) == ("李娜", li.open_id)
    assert client.authen.v1.oidc_access_token.create(request).code == 20065
