"""The page behind an invite link. Feishu's own links carry no words, so it shows what to send."""

from __future__ import annotations

import html
import re

MEDIA_TYPE = "text/html; charset=utf-8"
#: A token of an invite as it is put into links; nothing else is repeated on a page.
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)

# No script and nothing from elsewhere; the token must not travel on in a Referer header.
_PAGE = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>在飞书中开始</title>
<h1>在飞书中开始</h1>
<ol>
<li>长按或双击，复制这一行：<p><code>/start {token}</code></p></li>
<li><a href="{link}" rel="noreferrer">打开飞书里的机器人</a>，把它粘贴到输入框并发送。</li>
</ol>
<p>这一行只对您有效，请不要转发。</p>
</html>
"""


def page(token: str, link: str) -> bytes:
    """What somebody who opened an invite reads. ``token`` must match ``TOKEN``."""
    return _PAGE.format(token=html.escape(token), link=html.escape(link)).encode()
