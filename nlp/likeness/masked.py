"""What a comparison is not shown: sex, age, family, origin, ethnicity, belief, health.

``neutral`` of the encoder makes every word of a group the same word, because a message is about
something even when it names such a thing. A career plan is not: here the words go, with what leads
up to them, so that saying them, denying them or leaving them out gives the same score.
"""

from __future__ import annotations

import re

from nlp.encoder.neutral import neutral

# Bounded, so that no text takes long.
_LEAD = (
    r"(?:(?:今年|明年|后年|去年|过[一两二三几\d]+年|[一两二三几\d]+年[内后]|暂时|目前|现在|以后|将来|马上|刚刚?|已经?|还|都|也|"
    r"正在?|不|没有?|未|别|有|无|先|再|准备|打算|计划|考虑|想要?|要|是|因为|为了|等|我|属于?|信|生|养|带|照顾|怀了?|"
    r"个|一|两|二|三|的|小|双方|比较|身体|本人|家里){0,5})"
)
_THING = (
    r"[零〇一二三四五六七八九十百两\d]{0,5}(?:周)?岁(?:以[上下])?|[七八九零〇]\s?0后|[七八九零]零后|年龄|年纪|岁数?|性别|[男女](?=的|$|，|,|。)|"
    r"[男女](?:性|生|士|孩子?|人|方|友|朋友)|小姑娘|姑娘|小伙子?|老公|丈夫|老婆|妻子|媳妇|对象|"
    r"籍贯|户籍|户口|老家|[已未]婚|[已未]育|结婚|离婚|离异|丧偶|单身|婚[姻育假]?|"
    r"(?<![教培体])育儿?|怀?孕期?|产假|产后|备孕|生育|[一二三]胎|宝宝|小孩|孩子|娃|子女|"
    r"[汉回藏苗彝壮满维]族|民族|宗教|信仰|信教|佛教|基督|伊斯兰|疾病|慢性病|健康|乙肝|残疾|残障|抑郁|"
    r"星座|血型|政治面貌|党员|团员|"
    r"\b(?:age|gender|sex|male|female|marri(?:age|ed)|child(?:ren)?|religion|ethnic\w*|health|pregnan\w*)\b"
)
_TRAIL = r"(?:(?:以后|之后|后|了|的|完|们|过|者|人|问题|状况|原因|情况)*+)"
_PROTECTED = re.compile(_LEAD + f"(?:{_THING})" + _TRAIL, re.IGNORECASE)


def masked(text: str) -> str:
    """A normalised text without what nobody may be judged by.

    >>> masked("怀孕生完孩子以后也想继续做数据分析")
    '也想继续做数据分析'
    """
    return _PROTECTED.sub("", neutral(text))
