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
