"""What a model is not shown: sex, ethnicity, origin, age and marital status, each as one word.

Every word of a group becomes the same word before tokens and n-grams are made, so that swapping
one for another cannot change a score. Rules, evidence and the record keep the words as typed.
"""

from __future__ import annotations

import re

_PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|"
    "贵州|云南|陕西|甘肃|青海|台湾|内蒙古?|广西|西藏|宁夏|新疆|香港|澳门|东北"
)
_PEOPLES = (
    "汉|回|蒙古?|藏|维吾尔|维|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水|东乡|"
    "纳西|景颇|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|乌孜别克|俄罗斯|鄂温克|"
    "德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺"
)
_SAME: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
        ("未婚|离异|离婚|离过婚|单身|丧偶|已婚", "已婚"),
        ("女(?=的|生|性|孩子?|人|士)", "男"),
        ("小姑娘|姑娘|小伙子|小伙", "小伙"),
        ("女朋友|男朋友|女友|男友", "男朋友"),
        ("老公|丈夫|老婆|妻子|媳妇", "老婆"),
        (f"(?:{_PEOPLES})族", "汉族"),
        (f"(?:{_PROVINCES})(?=人|籍)", "山东"),
        ("(?:农村|农业|城市|城镇|非农|外地|本地)户口", "本地户口"),
        (r"(?<!\d)[1-6]\d(?:周)?岁", "30岁"),
    )
)


def neutral(text: str) -> str:
    """A normalised text with every such word as its group's one word."""
    for pattern, word in _SAME:
        text = pattern.sub(word, text)
    return text
