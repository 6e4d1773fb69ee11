"""The stand-in for WeCom, used by a client that was not written for it.

wechatpy 1.8 knows neither customer service nor cards, and its hosts for tokens and downloads are
fixed; what is left of it is an independent opinion on the rest.
"""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from wechatpy.enterprise import WeChatClient  # type: ignore[import-untyped]
from wechatpy.exceptions import (  # type: ignore[import-untyped]
    APILimitedException,
    WeChatClientException,
)

from tests.clock import FakeClock
from tests.fakes.wecom import FakeWeCom, Member


@pytest.fixture
def wecom(clock: FakeClock) -> Iterator[FakeWeCom]:
    with FakeWeCom(clock=lambda: clock().timestamp()) as running:
        yield running


@pytest.fixture
def hr(wecom: FakeWeCom) -> Member:
    return wecom.member("HrOne", "王芳", mobile="13800000000")


@pytest.fixture
def client(wecom: FakeWeCom) -> Iterator[Any]:
    class Client(WeChatClient):  # type: ignore[misc]
        API_BASE_URL = f"{wecom.api_base}/"

        def fetch_access_token(self) -> Any:
            query = {"corpid": self.corp_id, "corpsecret": self.secret}
            return self._fetch_access_token(f"{self.API_BASE_URL}gettoken", query)

    client = Client(wecom.corpid, wecom.secret)
    client._http.trust_env = False
    yield client
    client._http.close()


def test_every_message_it_can_send_arrives(wecom: FakeWeCom, client: Any, hr: Member) -> None:
    image = client.media.upload("image", ("a.png", io.BytesIO(b"\x89PNG bytes")))["media_id"]
    file = client.media.upload("file", ("a.pdf", io.BytesIO(b"%PDF-1.4")))["media_id"]
    article = {"title": "t", "description": "d", "url": "u", "image": "p"}
    client.message.send_text(1000002, ["HrOne", "Ghost"], "你好")
    client.message.send_markdown(1000002, "hrone", "**x**")
    client.message.send_text_card(1000002, "hrone", "t", "d", "https://e.example")
    client.message.send_image(1000002, "hrone", image)
    client.message.send_file(1000002, "hrone", file)
    client.message.send_articles(1000002, "hrone", [article])
    kinds = ["text", "markdown", "textcard", "image", "file", "news"]
    assert [message.msgtype for message in hr.messages()] == kinds
    assert wecom.calls_of("message/send")[0].answer["invaliduser"] == "ghost"


def test_media_come_back_as_bytes(client: Any) -> None:
    uploaded = client.media.upload("file", ("a.pdf", io.BytesIO(b"%PDF-1.4 real")))
    assert uploaded["type"] == "file"
    answer = client.get("media/get", params={"media_id": uploaded["media_id"]})
    assert answer.content == b"%PDF-1.4 real"
    with pytest.raises(WeChatClientException) as refused:
        client.get("media/get", params={"media_id": "gone"})
    assert refused.value.errcode == 40007


def test_people_are_found(wecom: FakeWeCom, client: Any, hr: Member) -> None:
    assert client.user.get("hrone")["name"] == "王芳"
    assert [row["userid"] for row in client.user.list(1, simple=True)] == ["HrOne"]
    assert client.oauth.get_user_info(wecom.oauth_code(hr))["UserId"] == "HrOne"
    assert "OpenId" in client.oauth.get_user_info(wecom.oauth_code())
    assert client.misc.get_wechat_ips()[0] == "127.0.0.1"


def test_customer_service_answers_its_plain_calls(wecom: FakeWeCom, client: Any) -> None:
    li = wecom.customer()
    li.write("你好")
    body = {"open_kfid": wecom.account.open_kfid}
    (item,) = client.post("kf/sync_msg", data=body)["msg_list"]
    assert item["text"] == {"content": "你好"}
    message = {"touser": li.external_userid, "msgtype": "text", "text": {"content": "您好"}}
    client.post("kf/send_msg", data=body | message)
    assert li.texts() == ["您好"]


def test_it_fetches_a_new_token_when_one_has_died(
    wecom: FakeWeCom, client: Any, hr: Member
) -> None:
    client.user.get("hrone")
    wecom.revoke_tokens()
    assert client.user.get("hrone")["errcode"] == 0
    wecom.fail_next("user/get", 42001)
    assert client.user.get("hrone")["errcode"] == 0
    assert len(wecom.calls_of("gettoken")) == 3


def test_it_takes_the_refusals_for_what_they_are(wecom: FakeWeCom, client: Any, hr: Member) -> None:
    wecom.fail_next("user/get", 45009)
    with pytest.raises(APILimitedException):
        client.user.get("hrone")
    with pytest.raises(WeChatClientException) as refused:
        client.message.send_text(1000002, "ghost", "x")
    assert refused.value.errcode == 81013
    wecom.break_next("user/get", 502)
    with pytest.raises(WeChatClientException) as broken:
        client.user.get("hrone")
    assert (broken.value.errcode, broken.value.response.status_code) == (None, 502)
