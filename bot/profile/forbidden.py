"""What may be neither kept as a statement nor move a score (equal employment, PIPL)."""

from __future__ import annotations

import re

#: Protected attributes, by the words a name or a reason would use.
FORBIDDEN = re.compile(
    r"年龄|岁|性别|男性|女性|籍贯|户籍|老家|婚|(?<![教培体])育|孕|孩子|民族|宗教|信仰|疾病|健康|乙肝|残疾|"
    r"星座|血型|政治面貌|\b(age|gender|sex|marriage|children|religion|ethnic|health)\b",
    re.IGNORECASE,
)


def names_protected(text: str) -> bool:
    """Whether a text names a protected attribute.

    >>> names_protected("已婚未育"), names_protected("四年换了三家")
    (True, False)
    """
    return FORBIDDEN.search(text) is not None


#: How people tell it of themselves: an illness, a people, a belief, a party by name.
_TOLD = re.compile(
    r"(?<!毛)病|抑郁|癌|肿瘤|手术|残障|流产|二胎|三胎|带娃|奶娃"
    r"|(?:汉|回|满|藏|苗|壮|彝|土家|蒙古|朝鲜|维吾尔|哈萨克)族|维吾尔"
    r"|信佛|佛教|道教|基督|教徒|穆斯林|清真|党员|(?:未|已|离)婚|属[鼠牛虎兔龙蛇马羊猴鸡狗猪]"
)


def tells_protected(text: str) -> bool:
    """Whether somebody told of a protected attribute, their own or another's.

    It rather finds one too many: such words are kept where they were said, and count nowhere.

    >>> tells_protected("我是回族"), tells_protected("流程有点慢")
    (True, False)
    """
    return names_protected(text) or _TOLD.search(text) is not None
