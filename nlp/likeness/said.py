"""A career plan taken apart: towards what, away from what, and whether it leads out of here."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CLAUSE = re.compile(r"[，。；！？、,;!?\n~…—]+|\s{2,}|(?:但是|不过|可是|而是|只是因为|然后)")
#: What follows is what they do not want, to the end of the clause.
_AWAY = re.compile(
    r"(?:再也|真的?|实在|已经)?(?:不|没)(?:太|是很|怎么)?(?:想|愿意?|打算|要(?!求|紧)|喜欢|甘心|适合|擅长|希望|考虑|感兴趣|准备)(?:再|只|光|一直|老|总|天天|去)*|"
    r"(?:没|不感)兴趣|不能再|不会再|离开|告别|逃离|脱离|退出|别让我|别再|不再|受不了|讨厌|厌倦|而不是|误入|厌烦|懒得|恨透|怕(?=出差|喝|夜|累)|除了"
)
#: A clause that ends so complains about what it names.
_ENOUGH = re.compile(
    r"没意思|没前途|没出路|没劲|[够吐烦怕腻厌]了|够够的|崩溃|太[累闷苦卷难脏]|琐碎|心累|受气|没出息|折腾|水太深|练练手|看到头|受够|熬人|挣不到|没保障|枯燥|单调|太.{1,3}$|得罪人|压抑|扛不住|操心|浮躁|到头|眼花|消耗|"
    r"只是(?:个)?(?:跳板|过渡|记录)|没人看|太吵|不值|熬不住|抬不动|做不来|干不动|吃不消|没盼头|不着家|难受(?=，|。|$)"
)
#: Away from the first, towards the second.
_TURN = re.compile(
    r"(?:从|由|离开)(?P<away>[^，。；,;]{1,14}?)(?:转|换|跳|调)(?:到|去|向|做|成|型|入|岗|行|岗到)?"
)
#: What they have done, not what they want.
_HISTORY = re.compile(
    r"[一二两三四五六七八九十几半多\d]+(?:多)?(?:年|个月)|(?:做|干|带|当|学|待|跑|教|写)过|当初|原来|以前|之前"
)
_WISH = re.compile(
    r"想|希望|打算|目标|喜欢|愿意|往|以后|将来|未来|转|找|安心|回来|做起|干起|争取|准备|最好|能不能|梦想|下一步|感兴趣|长期|一辈子|成为|计划"
)
#: Towards something out of here, or only for a while.
_LEAVES = re.compile(
    r"考公|公务员|考研|读研|读博|考编|编制|事业编|留学|出国|暑假工|寒假工|暑假|寒假|开学|过渡|临时|兜底|"
    r"就走$|(?:自己|准备)(?:开|干|创业|做老板)|开(?:个|家|间)?小?(?:店|馆子|公司|厂)|创业|单干|当老板|不打工|找着正式|"
    r"独立插画|事务所|执业律师|自由职业|不(?:打算|想)长(?:干|期)|(?:一|两|半|几)(?:年|个月)(?:就|后)(?:走|离开)"
)
#: They have not made up their mind, or anything will do.
_OPEN = re.compile(
    r"没想(?:好|过|那么远)|都(?:行|可以|愿意试?|成)|无所谓|随便|边做边看|没什么(?:大)?打算|再说|先干着|有份活|适合什么|先找个平台|看看再|看情况|"
    r"不挑|混口饭|生活费"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """``wanted`` and ``unwanted`` are texts, empty where there is none."""

    wanted: str
    unwanted: str
    leaves: bool
    open: bool


def said(plan: str) -> Said:
    """Take a normalised, masked plan apart.

    What a clause only tells counts as wanted, unless another says what they want to leave: then
    years behind them are of that, and the rest explains it.
    """
    towards: list[str] = []
    away: list[str] = []
    told: list[str] = []
    for clause in (part for part in _CLAUSE.split(plan) if part):
        if (turn := _TURN.search(clause)) is not None:
            away.append(turn["away"])
            towards.append(clause[: turn.start()] + " " + clause[turn.end() :])
        elif (found := _AWAY.search(clause)) is not None:
            told.append(clause[: found.start()])
            away.append(clause[found.end() :])
        elif _ENOUGH.search(clause):
            away.append(clause)
        else:
            (towards if _WISH.search(clause) else told).append(clause)
    if not any(part.strip() for part in away):
        towards += told
    else:
        away += [clause for clause in told if _HISTORY.search(clause)]
    return Said(
        wanted="，".join(part for part in towards if part.strip()),
        unwanted="，".join(part for part in away if part.strip()),
        leaves=_LEAVES.search(plan) is not None,
        open=_OPEN.search(plan) is not None,
    )
