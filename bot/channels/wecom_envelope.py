"""The envelope of WeCom's callbacks: verified before anything in it is believed.

Order: size, signature over the bytes as they came, time, decryption with every check the library
leaves out, and only then XML, of which a scan has made sure that it is flat and plain. A call that
comes again is opened again: its ids are those it had, so what was stored is not stored twice, and
what could not be stored the first time is not lost.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from wechatpy.enterprise.crypto import (  # type: ignore[import-untyped]
    PrpCrypto,
    WeChatCrypto,
)
from wechatpy.exceptions import WeChatException  # type: ignore[import-untyped]

from bot.errors import Malformed, NotReady, Refused

MAX_BYTES = 64 * 1024
MAX_DEPTH = 12
MAX_TAGS = 1_000
#: Not the 16 of AES: the platform pads to this.
BLOCK_BYTES = 32
#: Random bytes before the length of the message, and the length itself.
HEAD_BYTES = 16
LENGTH_BYTES = 4

#: One text for every failure: nobody learns which check failed.
REFUSED = "the call is not sealed with our keys"

_TOKEN = re.compile(r"[0-9A-Za-z]{1,32}", re.ASCII)
_AES_KEY = re.compile(r"[0-9A-Za-z]{43}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)
#: CDATA, the declaration, a tag; or a ``<`` that is none of them.
_MARKUP = re.compile(
    rb"<!\[CDATA\[.*?\]\]>|<\?xml [^<>]*\?>|<(/?)[A-Za-z_][\w.-]*(?:\s[^<>]*?)?(/?)>|<", re.DOTALL
)
_OPEN, _CLOSE = b"<Encrypt>", b"</Encrypt>"
_CDATA, _CDATA_END = b"<![CDATA[", b"]]>"


@dataclass(frozen=True, slots=True)
class Pair:
    """What the console's page 「接收消息」 shows: a Token and an EncodingAESKey."""

    token: str = field(repr=False)
    aes_key: str = field(repr=False)


class Envelope:
    """Opens what the platform sealed for one callback URL, under any of its live pairs."""

    def __init__(self, corp_id: str, pairs: Sequence[Pair], *, window: timedelta) -> None:
        """Raises ``NotReady`` for a pair the console would not have given."""
        for pair in pairs:
            if not (_TOKEN.fullmatch(pair.token) and _AES_KEY.fullmatch(pair.aes_key)):
                raise NotReady(
                    "回调密钥不对：YINUO_WECOM__TOKEN 是 1 到 32 个字母和数字，"
                    "YINUO_WECOM__ENCODING_AES_KEY 正好 43 个，"
                    "到「应用管理 → 自建应用 → 接收消息 → 设置API接收」重新复制"
                )
        self._corp_id = corp_id.encode()
        self._window = window
        self._cryptos = [
            (pair.token.encode(), WeChatCrypto(pair.token, pair.aes_key, corp_id)) for pair in pairs
        ]

    def echo(self, query: Mapping[str, str], now: datetime) -> str:
        """The word the console asks us to decrypt when the URL is saved. Raises ``Refused``."""
        # Base64 knows no spaces: where one is, something on the way turned a plus into it.
        sealed = query.get("echostr", "").replace(" ", "+").encode("utf-8", "surrogatepass")
        if len(sealed) > MAX_BYTES:
            raise Refused(REFUSED)
        return self._opened(self._verified(query, sealed, now), query, sealed)

    def open(self, query: Mapping[str, str], body: bytes, now: datetime) -> str:
        """What is inside of a call. Raises ``Refused`` or ``Malformed``."""
        if not query.get("msg_signature"):
            raise Refused(REFUSED)
        sealed = _sealed(body)
        crypto = self._verified(query, sealed, now)
        inner = self._opened(crypto, query, sealed)
        if not inner.lstrip().startswith("{"):
            guard(inner.encode())
        return inner

    def _verified(self, query: Mapping[str, str], sealed: bytes, now: datetime) -> WeChatCrypto:
        """The pair that signed this, in time."""
        given, timestamp, nonce = (
            query.get(name, "").encode("utf-8", "surrogatepass")
            for name in ("msg_signature", "timestamp", "nonce")
        )
        found = None
        for token, crypto in self._cryptos:
            parts = b"".join(sorted([token, timestamp, nonce, sealed]))
            signature = hashlib.sha1(parts).hexdigest()  # noqa: S324 - the platform's choice
            if hmac.compare_digest(given, signature.encode()):
                found = crypto
        if found is None or not sealed or not nonce:
            raise Refused(REFUSED)
        at = query.get("timestamp", "")
        if not _SECONDS.fullmatch(at):
            raise Refused(REFUSED)
        if abs(now.timestamp() - int(at)) > self._window.total_seconds():
            raise Refused(REFUSED)
        return found

    def _opened(self, crypto: WeChatCrypto, query: Mapping[str, str], sealed: bytes) -> str:
        """Decrypt. The library believes the padding and the length, so they are checked first."""
        try:
            ciphertext = base64.b64decode(sealed, validate=True)
            if not ciphertext or len(ciphertext) % BLOCK_BYTES:
                raise ValueError("not whole blocks")
            self._check(PrpCrypto(crypto.key).cipher.decrypt(ciphertext))
            signed = query["msg_signature"], query["timestamp"], query["nonce"]
            opened = crypto.decrypt_message({"Encrypt": sealed.decode("ascii")}, *signed)
        except (ValueError, struct.error, WeChatException):
            raise Refused(REFUSED) from None
        return str(opened)

    def _check(self, plain: bytes) -> None:
        """Padding, length and receiver of a decrypted buffer. Raises ``ValueError``."""
        pad = plain[-1]
        padding = bytes([pad]) * pad
        good = 1 <= pad <= BLOCK_BYTES and hmac.compare_digest(plain[-pad:], padding)
        body = plain[HEAD_BYTES : -pad or None]
        (length,) = struct.unpack(">I", body[:LENGTH_BYTES])
        good &= LENGTH_BYTES + length <= len(body)
        good &= hmac.compare_digest(body[LENGTH_BYTES + length :], self._corp_id)
        if not good:
            raise ValueError("not ours")


def guard(xml: bytes) -> None:
    """Let only plain XML through to a parser: no DTD, no entities of its own, flat, small."""
    if len(xml) > MAX_BYTES or b"\0" in xml or xml[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Malformed("the XML is not of a form the platform writes")
    depth = tags = 0
    for found in _MARKUP.finditer(xml):
        text = found.group()
        if text.startswith(_CDATA):
            continue
        if text.startswith(b"<?"):
            if xml[: found.start()].strip(b"\xef\xbb\xbf \r\n\t"):
                raise Malformed("a declaration stands first")
            continue
        if text == b"<":
            raise Malformed("the XML holds more than elements and text")
        tags += 1
        closing, empty = found.groups()
        if not empty:
            depth += -1 if closing else 1
        if not 0 <= depth <= MAX_DEPTH or tags > MAX_TAGS:
            raise Malformed("the XML is too deep or too large")
    if depth or not tags:
        raise Malformed("the XML is not whole")


def _sealed(body: bytes) -> bytes:
    """The one ``Encrypt`` of a body, as it stands there: its signature is over these bytes."""
    if len(body) > MAX_BYTES:
        raise Malformed("a callback is not that large")
    if body.lstrip().startswith(b"{"):
        return _sealed_json(body)
    guard(body)
    _, opening, rest = body.partition(_OPEN)
    inner, closing, after = rest.partition(_CLOSE)
    if not (opening and closing) or b"<Encrypt" in after:
        raise Malformed("a callback has one Encrypt")
    inner = inner.strip()
    if inner.startswith(_CDATA) and inner.endswith(_CDATA_END):
        inner = inner[len(_CDATA) : -len(_CDATA_END)]
    if b"<" in inner and b"]]>" in inner:
        raise Malformed("an Encrypt is one piece")
    return inner


def _sealed_json(body: bytes) -> bytes:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("the body is neither XML nor JSON") from None
    sealed = data.get("encrypt", data.get("Encrypt")) if isinstance(data, dict) else None
    if not isinstance(sealed, str):
        raise Malformed("a callback has one encrypt")
    return sealed.encode("utf-8", "surrogatepass")
