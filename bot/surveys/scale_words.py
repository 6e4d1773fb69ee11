"""How good 「还行」 is: words of approval as a level from -2 to 2. Pure."""

from __future__ import annotations

import math
import re

_CLAUSE = re.compile(r"[,。!;\n~…、]+|\.{2,}| +")
_TURN = re.compile(r"^(?:但是?|不过|就是|只是|可是?|然而)")
_ASKING = re.compile(
    r"[?？]\s*$|(?<!没)(?<!没有)(?<!遇到)(?<!有)什么|怎么(?!样)|为啥|为什么|谁|哪|是不是|能不能|可不可以"
)

#: Whole phrases first: 「不错」 is no 「错」, 「还好」 is less than 「好」.
_PHRASES: tuple[tuple[float, str], ...] = (
    (2,
        r"满分|完美|无可挑剔|没得说|没话说|好极了|好得不得了|好到|棒极了|"
        r"太棒|太赞|超赞|超棒|绝了|一百分|顶呱呱|没毛病|再好不过|"
        r"yyds|perfect|excellent|great|awesome|最高分|给满"),
    (-2,
        r"糟透|糟糕透|烂透|差劲|太差|崩溃|受不了|待不下去|呆不下去|"
        r"干不下去|想离职|想走|想跑|一塌糊涂|极差|最低分|后悔(?!没)|绝望|"
        r"煎熬|度日如年|没法(?:待|呆|干)|terrible|awful|"
        r"惨不忍睹|忍不了|吃不消|扛不住|撑不住|要命|窒息"),
    (0,
        r"不好不坏|不好也不坏|不上不下|说不上(?:好|来)|谈不上(?:好|坏)|"
        r"马马虎虎|一般般?(?!不)|中等|中规中矩|普普通通|普通|平平|"
        r"凑合|凑活|将就|还行|还凑合|还可以|还阔以|就那样|就这样|"
        r"就那么回事|差强人意|正常|过得去|说得过去|中间|so ?so|ok吧|"
        r"还ok|时好时坏|有好有坏|好坏参半|一半一半|都行|还成|"
        r"也就那样|不功不过|没什么感觉|没啥感觉|无感|勉强|还好(?!了很多)|"
        r"没有?特别的?感觉|尚可|(?<!不)及格|可以吧|行吧|有喜有忧|喜忧参半"),
    (-1,
        r"不怎么(?:样|好|顺|满意|适应|习惯|开心)|不太(?:好|行|顺利?|"
        r"满意|适应|习惯|开心|理想|舒服|融洽|清楚|想)|不大(?:好|"
        r"行|顺|满意|适应|习惯)|不是(?:很|太|特别)(?:好|顺|"
        r"满意|适应|习惯|开心|理想|舒服|行)|没(?:有)?(?:那么|想象中?|"
        r"想的|预期)(?:中)?的?(?:那么)?(?:好|顺)|(?:有|略)(?:点|些)(?:儿)?(?:差|难|"
        r"累|糟|失望|不|压抑|郁闷|"
        r"焦虑|迷茫|孤单|乱|后悔|慌|懵|吃力|别扭|辛苦|"
        r"委屈|吃不消)|差一?点(?:儿)?意思|差点意思|比较(?:差|难|累|失望|压抑|"
        r"郁闷|糟)|不如(?:预期|想象|以前)|低于预期|不及格|挺(?:难|累|差|"
        r"失望|压抑|郁闷|糟)|蛮(?:难|累|失望)|欠佳|一言难尽|"
        r"待改进|跟不上|融不进"),
    (-2,
        r"(?:很|非常|特别|太|超级?|极其?|十分|相当|"
        r"真的?|完全|一点(?:儿)?都?|根本|实在|巨|好)(?:的)?(?:不(?:好|"
        r"满意|顺利?|适应|习惯|开心|行|舒服|理想|融洽)|差|"
        r"糟糕?|难受|累|失望|压抑|痛苦|郁闷|烂|憋屈|辛苦)"),
    (2,
        r"(?:很|非常|特别|太|超级?|极其?|十分|相当|真的?|真心|"
        r"巨|贼|老|倍儿|好|都很|完全|最)(?:的)?(?:好|满意|"
        r"顺(?!便)|适应|习惯|开心|棒|喜欢|愉快|融洽|舒服|赞|不错|给力|"
        r"清楚|充实|愿意|想留|可以|nice|合适|轻松|理想|清晰|稳|"
        r"幸福|温暖)"),
    (1,
        r"(?:挺|蛮|还是?|比较|都|也|还算|总体|整体)(?:的)?(?:挺|蛮|"
        r"比较|都)?(?:好|满意|顺|适应|习惯|开心|棒|喜欢|"
        r"愉快|融洽|舒服|不错|给力|清楚|充实|愿意|合适|轻松|"
        r"理想|清晰|稳|ok|nice|行|可以)|不错|没(?:啥|什么|"
        r"有)?(?:大)?问题|没(?:啥|什么)(?:不好|不适应|不满意|不顺|"
        r"毛病)|超出?预期|比(?:想象|预期|以前|"
        r"想)的?(?:中)?的?要?好|渐入佳境|越来越好|good|"
        r"nice|学到(?:了)?很多|差不多(?:满意)?|七七八八|大体上?满意"),
    (-1,
        r"不(?:好|满意|顺利?|适应|习惯|开心|行|舒服|理想|融洽|愉快|"
        r"清楚|合适|喜欢|咋地|咋样|想留)|没(?:意思|劲)|差|糟糕?|"
        r"难受|失望|压抑|痛苦|郁闷|焦虑|迷茫|孤单|憋屈|"
        r"烦|累|辛苦|吃力|bad|别扭|没适应|没习惯|难"),
    (1, r"好|满意|顺利?|适应|习惯|开心|棒|喜欢|愉快|融洽|舒服|赞|"
        r"给力|清楚|充实|愿意|合适|轻松|理想|清晰|可以|ok|行|愉悦|稳"),
)  # fmt: skip
_COMPILED = tuple((level, re.compile(pattern)) for level, pattern in _PHRASES)


def level(said: str) -> float | None:
    """From -2 (as bad as can be) to 2, or None where nothing is said of good or bad.

    ``said`` is normalised. Several judgements are averaged; a question is none.

    >>> level("还行"), level("挺好的"), level("不太好"), level("几点下班")
    (0.0, 1.0, -1.0, None)
    """
    if _ASKING.search(said):
        return None
    found = [one for clause in _CLAUSE.split(said) for one in _clause(clause)]
    return sum(found) / len(found) if found else None


def _clause(clause: str) -> list[float]:
    rest = _TURN.sub("", clause.strip())
    for value, pattern in _COMPILED:
        if pattern.search(rest):
            return [float(value)]
    return []


def on_scale(value: float, low: float, high: float) -> float:
    """A level as a point between two ends; halves fall towards the worse."""
    point = low + (value + 2) / 4 * (high - low)
    return float(math.ceil(point - 0.5))
