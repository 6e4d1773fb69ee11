"""Chinese names of what a report shows."""

from __future__ import annotations

from collections.abc import Mapping

from nlp.scheme import Condition, Intent

INTENTS: Mapping[str, str] = {
    Intent.ACCEPT: "接受",
    Intent.CONSIDER: "再考虑",
    Intent.SALARY: "薪资",
    Intent.TERMS: "条款福利",
    Intent.COMPETING_OFFER: "其他 offer",
    Intent.COUNTER_OFFER: "原公司挽留",
    Intent.ONBOARD_DATE: "入职时间",
    Intent.FAMILY_LOCATION: "家庭与地点",
    Intent.COMPANY_DOUBT: "对公司有疑虑",
    Intent.DECLINE: "拒绝",
    Intent.LOGISTICS: "手续安排",
    Intent.SOCIAL: "寒暄",
    Intent.TEAM_FIT: "团队与上级",
    Intent.WORKLOAD: "工作强度",
    Intent.POSITIVE: "积极",
    Intent.LEAVE_SIGNAL: "离职信号",
}
#: Two characters each, for the head of a wide table.
SHORT: Mapping[str, str] = {
    Intent.ACCEPT: "接受",
    Intent.CONSIDER: "考虑",
    Intent.SALARY: "薪资",
    Intent.TERMS: "条款",
    Intent.COMPETING_OFFER: "他司",
    Intent.COUNTER_OFFER: "挽留",
    Intent.ONBOARD_DATE: "入职",
    Intent.FAMILY_LOCATION: "家庭",
    Intent.COMPANY_DOUBT: "疑虑",
    Intent.DECLINE: "拒绝",
    Intent.LOGISTICS: "手续",
    Intent.SOCIAL: "寒暄",
    Intent.TEAM_FIT: "团队",
    Intent.WORKLOAD: "强度",
    Intent.POSITIVE: "积极",
    Intent.LEAVE_SIGNAL: "离职",
}
CONDITIONS: Mapping[str, str] = {
    Condition.NONE: "无条件",
    Condition.SOFT: "软条件",
    Condition.HARD: "硬条件",
}
STAGES: Mapping[str, str] = {
    "interview": "面试",
    "offer": "offer",
    "accepted": "已接受",
    "onboarded": "已入职",
}
TAGS: Mapping[str, str] = {
    "nk": "不带关键词",
    "hs": "像信号的无害话",
    "ev": "规避写法",
    "vt": "语音输入与错字",
    "q": "签名与引用",
    "pi": "指令注入",
    "dia": "方言",
    "tr": "繁体与粤语",
    "en": "中英夹杂",
}
ROLES: Mapping[str, str] = {"hr": "HR", "bot": "一诺", "candidate": "候选人"}
KINDS: Mapping[str, str] = {
    "missed_-3": "漏报 −3",
    "missed_-2": "漏报 −2",
    "false_alert": "误报",
    "missed": "漏报",
    "commitment": "承诺读错",
    "intents": "意图读错",
}


def step(commitment: int) -> str:
    """A commitment with its sign: −2, 0, +3."""
    return f"−{-commitment}" if commitment < 0 else f"+{commitment}" if commitment else "0"
