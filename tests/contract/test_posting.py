"""Letters against a real SMTP server and a signed SMS service: taken, or why not in words."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from bot.posting import Letter, Mail, NotSent, Post, Security, Sms
from tests.fakes.post import PASSWORD, REFUSED, USER, mail_server, sms_service
from tests.posted import mail_of

LETTER = Letter(
    to="wang.fang@example.com", subject="示例公司：入职\n第一周", text="王芳您好：\nhttp://x/f/t"
)


@pytest.mark.parametrize("security", Security)
async def test_a_mail_arrives_as_it_was_written(tmp_path: Path, security: Security) -> None:
    with mail_server(tmp_path, security) as post:
        mail = mail_of(post, security=security)
        await mail.check()
        assert post.box.mails == []
        await mail.send(LETTER)
    [got] = post.box.mails
    assert got["Subject"] == "示例公司：入职 第一周"
    assert (got["From"], got["To"]) == ("示例公司 <hr@example.com>", "wang.fang@example.com")
    assert got.get_content().split() == LETTER.text.split()  # lines end as mail ends them
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Message-ID"].endswith("@example.com>")


async def test_a_mail_server_that_wants_a_password(tmp_path: Path) -> None:
    with mail_server(tmp_path, Security.STARTTLS, signs_in=True) as post:
        right = mail_of(post, security=Security.STARTTLS, user=USER, password=PASSWORD)
        await right.send(LETTER)
        with pytest.raises(NotSent, match="不认这个账号或密码"):
            await replace(right, password="wrong").send(LETTER)
        with pytest.raises(NotSent, match="登录不了"):
            await replace(right, password="密码").send(LETTER)
        with pytest.raises(NotSent, match=r"没有收下|不接受发件地址"):
            await replace(right, user="").send(LETTER)
    assert len(post.box.mails) == 1
    assert PASSWORD not in repr(right)


async def test_what_a_mail_server_refuses_is_said_in_words(tmp_path: Path) -> None:
    with mail_server(tmp_path, Security.TLS) as post:
        mail = mail_of(post, security=Security.TLS)
        with pytest.raises(NotSent, match="不接受这个收件地址") as refused:
            await mail.send(replace(LETTER, to=REFUSED))
        assert REFUSED not in str(refused.value)
        post.box.full = True
        with pytest.raises(NotSent, match="452"):
            await mail.send(LETTER)
        with pytest.raises(NotSent, match="证书不被信任"):
            await replace(mail, context=ssl.create_default_context()).send(LETTER)
    with pytest.raises(NotSent, match="连不上"):
        await mail.send(LETTER)


async def test_a_server_without_the_privacy_asked_for_gets_nothing(tmp_path: Path) -> None:
    with (
        mail_server(tmp_path, Security.NONE) as post,
        pytest.raises(NotSent, match="不支持所设的加密"),
    ):
        await mail_of(post, security=Security.STARTTLS).send(LETTER)
    assert post.box.mails == []


async def test_an_sms_is_signed_and_taken() -> None:
    with sms_service() as service:
        sms = Sms(url=service.url, secret="s3cret")
        await sms.check()
        await sms.send(Letter(to="+8613800000000", subject="", text="您好"))
        assert [(one["to"], one["text"]) for one in service.taken] == [("+8613800000000", "您好")]
        with pytest.raises(NotSent, match="403"):
            await replace(sms, secret="other").send(LETTER)
        service.status = 503
        with pytest.raises(NotSent, match="503"):
            await sms.send(LETTER)
    with pytest.raises(NotSent, match="连不上"):
        await sms.check()
    assert "s3cret" not in repr(sms)


@pytest.mark.parametrize(
    ("to", "mail", "sms"),
    [
        ("a.b+c@mail.example.com", True, False),
        ("+8613800000000", False, True),
        ("13800000000", False, False),
        ("a@b", False, False),
        ("a@b.cn\nBcc: c@d.cn", False, False),
        ("a@b.cn, c@d.cn", False, False),
        ("“王芳”<a@b.cn>", False, False),
        ("", False, False),
    ],
)
def test_only_plain_addresses_fit(to: str, mail: bool, sms: bool) -> None:
    ways: tuple[tuple[Post, bool], ...] = (
        (Mail(host="h", port=1, sender="a@b.cn", name=""), mail),
        (Sms(url="http://h", secret="s"), sms),
    )
    for way, fits in ways:
        assert way.fits(to) is fits
