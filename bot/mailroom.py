"""Which services take our letters, by the settings, and whether they do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bot.finding import Finding
from bot.posting import Mail, NotSent, Post, Security, Sms, Way
from config.settings import Settings


def posts_of(settings: Settings) -> dict[Way, Post]:
    """The services that take letters, as far as they are set up."""
    found: dict[Way, Post] = {}
    smtp, sms = settings.smtp, settings.sms
    if smtp.host:
        found[Way.MAIL] = Mail(
            host=smtp.host,
            port=smtp.port,
            security=Security(smtp.security),
            user=smtp.user,
            password=smtp.password.get_secret_value(),
            sender=smtp.sender,
            name=settings.company,
        )
    if sms.url:
        found[Way.SMS] = Sms(url=sms.url, secret=sms.secret.get_secret_value())
    return found


def examined(settings: Settings, *, online: bool) -> Iterator[Finding]:
    """Whether the services that take letters take them from us."""
    for way, post in posts_of(settings).items():
        what = {Way.MAIL: "邮件", Way.SMS: "短信"}[way]
        if not online:
            yield Finding(what=what, state="note", found="已设置，没有连接（--offline）")
            continue
        try:
            asyncio.run(post.check())
        except NotSent as error:
            remedy = f"核对 YINUO_{'SMTP' if way is Way.MAIL else 'SMS'}__ 的设置"
            yield Finding(what=what, state="fail", found=str(error), remedy=remedy)
        else:
            yield Finding(what=what, state="ok", found="可以寄出")
