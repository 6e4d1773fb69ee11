"""The envelope of WeCom callbacks: published vectors, and wechatpy at the other end."""

import pytest
from wechatpy.enterprise.crypto import WeChatCrypto  # type: ignore[import-untyped]
from wechatpy.enterprise.exceptions import (  # type: ignore[import-untyped]
    InvalidCorpIdException,
)
from wechatpy.exceptions import InvalidSignatureException  # type: ignore[import-untyped]

from tests.fakes.wecom_crypto import BLOCK_BYTES, CallbackCrypto, CryptoError, pad

TOKEN = "QDG6eK"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
CORPID = "wx5823bf96d3bd56c7"

# Published with the documentation.
A = (
    "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
    "1409659589",
    "263014780",
    "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
)
B = (
    "477715d11cdb4164915debcba66cb864d751f3e6",
    "1409659813",
    "1372623149",
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUp"
    "j911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue"
    "06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+"
    "3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH"
    "27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8"
    "R07+qN+E7Q==",
)
B_TEXT = (
    "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n"
    "<FromUserName><![CDATA[mycreate]]></FromUserName>\n"
    "<CreateTime>1409659813</CreateTime>\n"
    "<MsgType><![CDATA[text]]></MsgType>\n"
    "<Content><![CDATA[hello]]></Content>\n"
    "<MsgId>4561255354251345929</MsgId>\n"
    "<AgentID>218</AgentID>\n"
    "</xml>"
)
# Our own, deterministic.
RANDOM16, TIMESTAMP, NONCE = b"0123456789abcdef", "1700000000", "n0nce"
C_TEXT = (
    '{"msgid":"m1","aibotid":"b1","chattype":"single","from":{"userid":"lisi"},'
    '"msgtype":"text","text":{"content":"hi"}}'
)
C_SEALED = (
    "sKqRbbiSUnDhFHOvPjtUMXwSW4ZfjyW8zzCp6/Wela8Yhgl1EQlAKbMXVgZGRwXsoK1pFKrH2tHnEvx/OrYnZX+XFmMa"
    "/6jdzjGCylB4MpptPE+OCunCRKwxeRHG5AAxSaL8L+KgrZM7hwWKtJmQauhKlzWVGPUziBrPn89CwyMheYKDSxlzth+Y"
    "pqIuiIdsvGW13FwzJh8uYeKT6zoUSg=="
)
C_SIGNATURE = "0b8cc358b618948099d66938d37107bbf2e384a6"
D_TEXT = (
    "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>"
    "<CreateTime>1700000000</CreateTime><MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[kf_msg_or_event]]></Event><Token><![CDATA[TK1]]></Token>"
    "<OpenKfId><![CDATA[wk1]]></OpenKfId></xml>"
)
D_SEALED = (
    "sKqRbbiSUnDhFHOvPjtUMVV2viKuY5tnLwO0Mc//z6NqR0rxvdZv5y8WuW71TVCOgfEkTq+eSIzOoun6j7whsjVmjHKI"
    "v60G3OhO2h1z50rCPpTu/3VIMEGv/uucaW8kEDAN9gzLQ4jqpbNeLz8K/s1UT1F2Wq4N+rLE/Z6mQuUniLSeloitM5Ne"
    "bjr1w0cLUhK+FsHAbxIK24YBYvNBO2PTLqWNkeodOiYPB5Va89RHJk1j47rkF1nBwqD3Vfu0iodOjmf1fvT5rAlhpUN4"
    "usC8vBW1UHRy42X1DYqQu4c0xCoYAM/7Yatk1m9KZDH10csS3tbn2G0jkcyNfjfoOJR64vlS0auqsIshDbYGfvBb8zH5"
    "VcpXJObC9lBWMsLL"
)
D_SIGNATURE = "b951ae6eaad331dfdeeb61b0afa448fcd3221267"


@pytest.fixture
def crypto() -> CallbackCrypto:
    return CallbackCrypto(TOKEN, AES_KEY, CORPID)


@pytest.fixture
def oracle() -> WeChatCrypto:
    return WeChatCrypto(TOKEN, AES_KEY, CORPID)


def test_the_published_vectors_open(crypto: CallbackCrypto) -> None:
    assert crypto.open(*A) == "1616140317555161061"
    assert crypto.open(*B) == B_TEXT


def test_a_published_vector_is_sealed_the_same_again(crypto: CallbackCrypto) -> None:
    assert crypto.encrypt("1616140317555161061", b"c41b64491c2468d0") == A[3]
    assert crypto.encrypt(B_TEXT, b"0960688932c47ef1") == B[3]
    assert (crypto.sign(*A[1:]), crypto.sign(*B[1:])) == (A[0], B[0])


@pytest.mark.parametrize(
    ("text", "receiveid", "sealed", "signature"),
    [(C_TEXT, "", C_SEALED, C_SIGNATURE), (D_TEXT, CORPID, D_SEALED, D_SIGNATURE)],
)
def test_our_own_vectors_hold(text: str, receiveid: str, sealed: str, signature: str) -> None:
    crypto = CallbackCrypto(TOKEN, AES_KEY, receiveid)
    assert crypto.encrypt(text, RANDOM16) == sealed
    assert crypto.sign(TIMESTAMP, NONCE, sealed) == signature
    assert crypto.open(signature, TIMESTAMP, NONCE, sealed) == text
    envelope = {"Encrypt": sealed}
    oracle = WeChatCrypto(TOKEN, AES_KEY, receiveid)
    assert oracle.decrypt_message(envelope, signature, TIMESTAMP, NONCE) == text


def test_what_is_wrong_has_its_code(crypto: CallbackCrypto, oracle: WeChatCrypto) -> None:
    def code(*signed: str, by: CallbackCrypto = crypto) -> int:
        with pytest.raises(CryptoError) as refused:
            by.open(*signed)
        return refused.value.code

    signature, timestamp, nonce, sealed = A
    assert code(signature, timestamp, nonce, sealed.replace("+", " ")) == -40001
    assert code("0" * 40, *A[1:]) == -40001
    assert code(*A, by=CallbackCrypto(TOKEN, AES_KEY, "wx0000000000000000")) == -40005
    torn = sealed[:-3]  # not base64 any more
    assert code(crypto.sign(timestamp, nonce, torn), timestamp, nonce, torn) == -40010
    half = crypto.encrypt_padded(bytes(16))
    assert code(crypto.sign(timestamp, nonce, half), timestamp, nonce, half) == -40007
    long = crypto.encrypt_padded(pad(bytes(16) + b"\x7f\xff\xff\xff"))
    assert code(crypto.sign(timestamp, nonce, long), timestamp, nonce, long) == -40008
    with pytest.raises(InvalidSignatureException):
        oracle.check_signature("0" * 40, timestamp, nonce, sealed)
    with pytest.raises(InvalidCorpIdException):
        WeChatCrypto(TOKEN, AES_KEY, "wx0000000000000000").check_signature(*A)


def test_every_length_of_padding_opens_on_both_sides(
    crypto: CallbackCrypto, oracle: WeChatCrypto
) -> None:
    pads = set()
    for length in [*range(1, 70), 4096]:
        text = "字" * (length // 3) + "x" * (length % 3)
        sealed = crypto.encrypt(text)
        signature = crypto.sign("1", "2", sealed)
        assert oracle.decrypt_message({"Encrypt": sealed}, signature, "1", "2") == text
        assert crypto.decrypt(sealed) == text
        pads.add(pad(crypto.buffer(text))[-1])
    assert pads == set(range(1, BLOCK_BYTES + 1))


@pytest.mark.parametrize(
    ("token", "key"), [("", AES_KEY), ("x" * 33, AES_KEY), ("a-b", AES_KEY), ("t", AES_KEY[:-1])]
)
def test_what_the_console_refuses_is_refused(token: str, key: str) -> None:
    with pytest.raises(ValueError):
        CallbackCrypto(token, key, CORPID)
