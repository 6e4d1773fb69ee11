"""What somebody says to the survey instead of answering it. Pure."""

from __future__ import annotations

import re
from enum import StrEnum

from nlp.normalize import normalize

#: A command is short; what is longer says something besides.
_LONGEST = 24


class Command(StrEnum):
    """What a message asks of the survey itself."""

    SKIP = "skip"
    BACK = "back"
    #: No more of this survey.
    STOP = "stop"
    LATER = "later"


_HEAD = (
    r"(?:(?:那|嗯|额|呃|哦|好的?|不好意思|抱歉|麻烦|请|帮我|给我|我|可以|能不能|可不可以|要不|还是|就|先|想|要|这(?:个|道题?|一?题)?|"
    r"该题|问题|问卷|本题|你们?|您|,| )*)"
)
_TAIL = r"(?:[了吧啊呀哈呢哦嘛吗么可以谢行好不~,。.!?、 ]|一下)*"
_WHEN = (
    r"(?:晚点儿?|晚些(?:时候)?|晚上|回头|等会儿?|等一?下|一会儿?|待会儿?|稍后|过会儿?|过(?:一|两|几)天|改天|明天|"
    r"明早|下午|中午|下班(?:以?后)?|有空(?:的时候)?|有时间|周末|之后|下次|以后|忙完)"
)
_SOON = (
    r"(?:晚点儿?|晚些(?:时候)?|回头|等会儿?|等一?下|一会儿?|待会儿?|稍后|过会儿?|改天|下次|有空)"
)
_DO = r"(?:再|来|我|就|给你们?|您|继续|会)*(?:填|答|回答?|回复|说|弄|做|写|聊|看|来|继续|补)"
_PATTERNS: tuple[tuple[Command, str], ...] = (
    (
        Command.BACK,
        r"(?:返回|回到|退回|退到|回|改|改一?下|修改|重答|重填|重新(?:填|答|回答)|更正)?(?:一下)?"
        r"(?:上|前|刚才那?|刚刚那?)(?:面|边)?(?:一|那)?(?:题|个问题|道题|道|个)?"
        r"(?:的?(?:答案|回答))?(?:(?:我)?(?:填|答|选|说|点|写|按)错|想?改一?下|重来|重新?(?:填|答|选))?"
        r"|返回|后退|back|上一步|返回上一步|(?:我)?(?:填|答|选|点|按)错(?:了)?",
    ),
    (
        Command.LATER,
        rf"{_WHEN}{_DO}(?:.{{0,4}})|{_SOON}"
        r"|(?:先|暂时|现在|今天)(?:不|别|没空|没时间|不方便|不想|先不)(?:填|答|弄|做|回答?|说|写|方便)?"
        r"|先?(?:去|要去|得去)?(?:开会|上班|忙|开车|吃饭|睡觉?)(?:去|一下|会儿?)?"
        r"|(?:现在|我?在|这会儿|今天)?(?:有点|正|太|很)?(?:没空|没时间|忙|不方便|在忙|在开会|在上班|在开车)"
        rf"(?:着|呢|{_WHEN}.{{0,6}})*"
        r"|先?(?:暂停|停一?下|到这|放着|存着|保存)|先(?:不填|不答|不弄|不做)|later|下次再?(?:说|填|聊)?",
    ),
    (
        Command.SKIP,
        r"跳过?|跳过去|下一?(?:题|个|道)|略|略过|pass|过掉|skip|next|保密|不说|无可奉告|隐私|没什么想说的?"
        r"|(?:这|该|本)(?:个|道|一)?(?:题|问题|个)?(?:先|我|就|也)?(?:不|别)(?:想|愿意?|打算|要)?(?:回答|答|填|选|说)"
        r"|(?:不|没)(?:太|是很|大|怎么)?(?:想|方便|便|愿意?|好)(?:说|讲|透露|回答|答|告诉|公开|聊|提)(?:这个|这些|的)?"
        r"|换一?(?:题|个|下一题)|空着|不选|弃权|不作答|不回答",
    ),
    (
        Command.STOP,
        r"(?:我)?(?:都|全部?)?(?:不|别)(?:想|愿意?|打算|要)?(?:再)?(?:填写?|做|参加|参与|答|回答|弄)"
        r"(?:这个?|这份|你们的?)?(?:问卷|调查|调研|问题|题)?"
        r"|(?:不|别)(?:要|用|再)*(?:问|发|烦|打扰)(?:我)?(?:这?些?|这个)?(?:问卷|问题|调查)?"
        r"|退出|结束|终止|停止|拒绝|拒绝(?:回答|填写|参加)|拒填|不参加|不参与|停|stop|quit|取消"
        r"|全部?跳过|都跳过|算了,?不(?:填|答|做)",
    ),
)  # fmt: skip
_COMPILED = tuple(
    (name, re.compile(rf"{_HEAD}(?:{pattern}){_TAIL}", re.IGNORECASE))
    for name, pattern in _PATTERNS
)


def command(text: str) -> Command | None:
    """The command a message is, in natural wording. None: it is an answer, or talk.

    >>> command("先不填了，晚上再说"), command("上一题"), command("三分吧")
    (<Command.LATER: 'later'>, <Command.BACK: 'back'>, None)
    """
    if len(text) > 4 * _LONGEST:
        return None
    said = normalize(text).text.strip()
    if not said or len(said) > _LONGEST:
        return None
    found = _one(said)
    if found is not None:
        return found
    parts = [_one(part) for part in re.split(r"[,。;!、\s]+", said) if part]
    # 先不填了，晚点再填: all of it has to be commands, and to stay is meant before to go.
    return next((name for name in _MILDEST if name in parts and None not in parts), None)


_MILDEST = (Command.LATER, Command.BACK, Command.SKIP, Command.STOP)


def _one(said: str) -> Command | None:
    return next((name for name, one in _COMPILED if one.fullmatch(said)), None)
