"""A letter to somebody no chat reaches: by mail, or by the operator's own SMS service.

A person of ours presses the button and waits for the answer, so nothing is queued: either the
service took it, or the text of ``NotSent`` says why it did not.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import make_msgid
from enum import StrEnum
from typing import Protocol

import httpx

from bot.errors import BotError

TIMEOUT_S = 15.0
#: RFC 5321 allows 254 characters; of the forms it allows, the plain one is taken.
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}", re.A)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}", re.A)


class NotSent(BotError):
    """The service did not take a letter. The text says why, in Chinese, and never the address."""


class Way(StrEnum):
    """How a letter travels."""

    MAIL = "mail"
    SMS = "sms"


class Security(StrEnum):
    """How the line to the mail server is kept private."""

    TLS = "tls"  # from the first byte, port 465
    STARTTLS = "starttls"  # asked for before anything is said, port 587
    NONE = "none"  # a relay on this machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """Words for one person. ``subject`` is for mail only."""

    to: str
    subject: str
    text: str


class Post(Protocol):
    """A service that takes letters."""

    def fits(self, to: str) -> bool:
        """Whether an address is of this service's kind."""

    async def send(self, letter: Letter) -> None:
        """Hand a letter over. Raises ``NotSent``."""

    async def check(self) -> None:
        """Prove that the service takes letters from us, without sending one. Raises ``NotSent``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """An SMTP server (RFC 5321). ``context``: whose certificates are believed."""

    host: str
    port: int
    sender: str
    name: str
    security: Security = Security.TLS
    user: str = ""
    password: str = field(default="", repr=False)
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def fits(self, to: str) -> bool:
        """A plain mail address."""
        return len(to) <= 254 and _MAIL.fullmatch(to) is not None

    async def send(self, letter: Letter) -> None:
        """Hand a mail over. Raises ``NotSent``."""
        message = EmailMessage()
        local, _, domain = self.sender.rpartition("@")
        message["From"] = Address(self.name, local, domain)
        message["To"] = letter.to
        message["Subject"] = " ".join(letter.subject.split())
        message["Message-ID"] = make_msgid(domain=domain)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's out-of-office answers it
        message.set_content(letter.text)
        await asyncio.to_thread(self._talk, message)

    async def check(self) -> None:
        """Connect and sign in."""
        await asyncio.to_thread(self._talk, None)

    def _talk(self, message: EmailMessage | None) -> None:
        context = self.context or ssl.create_default_context()
        try:
            with self._line(context) as line:
                if self.security is Security.STARTTLS:
                    line.starttls(context=context)
                if self.user:
                    line.login(self.user, self.password)
                if message is not None:
                    line.send_message(message)
        except UnicodeEncodeError as error:  # smtplib signs in with ASCII only
            raise NotSent("账号或密码里有非英文字符，邮件服务器登录不了") from error
        except smtplib.SMTPAuthenticationError as error:
            raise NotSent("邮件服务器不认这个账号或密码（YINUO_SMTP__USER、__PASSWORD）") from error
        except smtplib.SMTPRecipientsRefused as error:
            raise NotSent("邮件服务器不接受这个收件地址") from error
        except smtplib.SMTPSenderRefused as error:
            raise NotSent("邮件服务器不接受发件地址（YINUO_SMTP__SENDER）") from error
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"邮件服务器没有收下（{error.smtp_code}）") from error
        except smtplib.SMTPNotSupportedError as error:
            raise NotSent("邮件服务器不支持所设的加密或登录方式") from error
        except ssl.SSLError as error:
            raise NotSent("与邮件服务器的加密连接没有建立，证书不被信任或端口不对") from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotSent("连不上邮件服务器") from error

    def _line(self, context: ssl.SSLContext) -> smtplib.SMTP:
        if self.security is Security.TLS:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """The operator's own service behind one address.

    It is called with ``POST`` and ``{"to": "+86…", "text": "…", "sent_at": seconds}``, signed:
    ``X-Yinuo-Signature`` is ``sha256=`` and the HMAC-SHA256, under the secret, of
    ``X-Yinuo-Timestamp``, a full stop and the body. Any 2xx means that it took the message.
    """

    url: str
    secret: str = field(repr=False)
    now: datetime | None = None  # of tests; None: the wall clock

    def fits(self, to: str) -> bool:
        """A number in E.164."""
        return _PHONE.fullmatch(to) is not None

    async def send(self, letter: Letter) -> None:
        """Hand a short message over. Raises ``NotSent``."""
        await self._call({"to": letter.to, "text": letter.text})

    async def check(self) -> None:
        """Ask it to take nothing: a body without ``to``, which it may refuse but has to answer."""
        await self._call({"check": "true"}, refused=frozenset({400, 422}))

    async def _call(
        self, said: Mapping[str, str], *, refused: frozenset[int] = frozenset()
    ) -> None:
        at = str(int((self.now or datetime.now().astimezone()).timestamp()))
        body = json.dumps(dict(said) | {"sent_at": int(at)}, ensure_ascii=False).encode()
        made = hmac.new(self.secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
        headers = {
            "Content-Type": "application/json",
            "X-Yinuo-Timestamp": at,
            "X-Yinuo-Signature": f"sha256={made.hexdigest()}",
        }
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
                answer = await client.post(self.url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise NotSent("连不上短信服务") from error
        if not answer.is_success and answer.status_code not in refused:
            raise NotSent(f"短信服务没有收下（{answer.status_code}）")
