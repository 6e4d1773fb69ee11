"""What is shown of a personal value to somebody who may not see it whole.

Pure, total and idempotent: every text has a masked form, and masking that changes nothing. What
does not look like its kind, and every unknown kind, is hidden entirely. The number of stars is
fixed by the kind, never by the value.
"""

from __future__ import annotations

import ipaddress
import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, datetime

from bot.web.free_text import mask_free_text
from bot.web.places import city_of
from storage.phones import fold_phone, normalise_phone

__all__ = [
    "HIDDEN",
    "mask",
    "mask_address",
    "mask_bank",
    "mask_birthday",
    "mask_email",
    "mask_free_text",
    "mask_id",
    "mask_ip",
    "mask_links",
    "mask_name",
    "mask_phone",
    "mask_salary_band",
    "mask_wechat",
]

HIDDEN = "已隐藏"

_COMPOUND = """
欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连
澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于
司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋
夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 西门 第五 南荣
东里 东宫 仲长 即墨 达奚 褚师 纳兰 完颜 叶赫 那拉 爱新 贺兰 歐陽 司馬 東方
獨孤 南宮 聞人 諸葛 尉遲 赫連 澹臺 濮陽 公孫 仲孫 鍾離 長孫 鮮于 閭丘 子車
巫馬 顓孫 壤駟 樂正 穀梁 夾谷 軒轅 段幹 東郭 南門 西門 南榮 東里 東宮 仲長
達奚 褚師 納蘭 完顏 葉赫 愛新 賀蘭
"""
COMPOUND_SURNAMES = frozenset(_COMPOUND.split())
_LINK = re.compile(r"(/f/)([A-Za-z0-9_-]{40,64})", re.ASCII)


def mask_links(text: str) -> str:
    """A text in which the candidate's own links open nothing; as long as before."""
    return _LINK.sub(lambda found: found[1] + "•" * len(found[2]), text)


def mask_name(text: str) -> str:
    """``张三丰`` → ``张*``, ``欧阳修`` → ``欧阳*``, ``John Smith`` → ``J*``."""
    name = _clean(text)
    if not name:
        return ""
    # Two characters are a surname and a given name, even when both could be one surname.
    kept = name[:2] if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else name[0]
    return f"{kept}*" if unicodedata.category(kept[0]).startswith("L") else "*"


def mask_phone(text: str) -> str:
    """A mainland mobile as ``138****5678``, any other number as ``****5678``."""
    if re.fullmatch(r"(?:1[3-9][0-9])?\*{4}[0-9]{4}", text):
        return text
    number = normalise_phone(text)
    if number and re.fullmatch(r"\+861[3-9][0-9]{9}", number):
        return f"{number[3:6]}****{number[-4:]}"
    digits = number or fold_phone(text)
    return f"****{digits[-4:]}" if re.fullmatch(r"\+?[0-9]{7,20}", digits) else HIDDEN


def mask_id(text: str) -> str:
    """An id card by its first three and last digit, a passport or permit by first and last two.

    The second last digit of an id card tells the sex, so the usual last four are not shown.
    """
    number = re.sub(r"[\s()-]", "", _clean(text)).upper()
    if re.fullmatch(r"[0-9]{3}(?:\*{14}[0-9X]|\*{11}[0-9])|[A-Z0-9]\*{6}[0-9]{2}", number):
        return number
    if re.fullmatch(r"[0-9]{17}[0-9X]|[0-9]{15}", number):
        return number[:3] + "*" * (len(number) - 4) + number[-1]
    if re.fullmatch(r"[A-Z]{1,2}[0-9]{7,10}|[0-9]{8}", number):
        return f"{number[0]}******{number[-2:]}"
    return HIDDEN


def mask_bank(text: str) -> str:
    """Twelve stars and the last four digits."""
    number = re.sub(r"[\s-]", "", _clean(text))
    if re.fullmatch(r"(?:[0-9]{12,19}|\*{12}[0-9]{4})", number):
        return "*" * 12 + number[-4:]
    return HIDDEN


def mask_salary_band(value: object, bands: Sequence[tuple[int, int]]) -> str:
    """``15k–20k``: the band ``[low, high)`` of the position's grid, in yuan a month."""
    labels = [f"{low / 1000:g}k–{high / 1000:g}k" for low, high in bands]
    if value in labels:
        return str(value)
    amount = _amount(value)
    for (low, high), label in zip(bands, labels, strict=True):
        if low <= amount < high:
            return label
    return HIDDEN


def mask_email(text: str) -> str:
    """``zhangsan@qq.com`` → ``z***@qq.com``."""
    address = _clean(text)
    if len(address) <= 254 and (parts := re.fullmatch(r"([^@\s])[^@\s]*@([\w.-]+)", address)):
        return f"{parts[1]}***@{parts[2]}"
    return HIDDEN


def mask_wechat(text: str) -> str:
    """``wx_abc889`` → ``wx***9``."""
    account = _clean(text)
    if re.fullmatch(r"[A-Za-z0-9_-]{6,20}|[A-Za-z0-9_-]{2}\*{3}[A-Za-z0-9_-]", account):
        return f"{account[:2]}***{account[-1]}"
    return HIDDEN


def mask_address(text: str) -> str:
    """The city; the province if no city is named."""
    return city_of(_clean(text)) or HIDDEN


def mask_birthday(value: date | str, *, today: date) -> str:
    """Age in a band of five years: ``35–39``."""
    if isinstance(value, str):
        if re.fullmatch(r"([1-9]?[05])–([1-9]?[49])", value):
            low, high = map(int, value.split("–"))
            return value if high == low + 4 else HIDDEN
        born = _date(_clean(value))
    else:
        born = value.date() if isinstance(value, datetime) else value
    if born is None or born > today:
        return HIDDEN
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return f"{age // 5 * 5}–{age // 5 * 5 + 4}" if age < 100 else HIDDEN


def mask_ip(text: str) -> str:
    """The /24 of IPv4 (``10.1.2.*``), the /48 of IPv6 (``2001:db8:1:*``)."""
    shown = text.strip()
    probe = shown.removesuffix("*") + "0" if shown.endswith(".*") else shown
    if shown.endswith(":*"):
        probe = shown.removesuffix("*") + ":"
    try:
        address = ipaddress.ip_address(probe)
    except ValueError:
        return HIDDEN
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if isinstance(address, ipaddress.IPv4Address):
        return str(address).rpartition(".")[0] + ".*"
    groups = (address.packed[at : at + 2] for at in (0, 2, 4))
    return ":".join(f"{int.from_bytes(group, 'big'):x}" for group in groups) + ":*"


_RULES: dict[str, Callable[[str], str]] = {
    "name": mask_name,
    "phone": mask_phone,
    "id": mask_id,
    "bank": mask_bank,
    "email": mask_email,
    "wechat": mask_wechat,
    "address": mask_address,
    "ip": mask_ip,
    "free_text": mask_free_text,
}


def mask(
    kind: str,
    value: object,
    *,
    bands: Sequence[tuple[int, int]] = (),
    today: date | None = None,
) -> str:
    """Mask by kind. An unknown kind, a salary without bands, a birthday without today: hidden.

    None is an empty text for a known kind: there is nothing to hide.
    """
    rule = _RULES.get(kind)
    if rule is not None:
        return "" if value is None else rule(str(value))
    if kind == "salary":
        return mask_salary_band(value, bands)
    if kind == "birthday" and today is not None and isinstance(value, date | str):
        return mask_birthday(value, today=today)
    return HIDDEN


def _clean(text: str) -> str:
    """Folded to one form, without invisible characters and outer spaces."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(c for c in folded if unicodedata.category(c) not in ("Cc", "Cf")).strip()


def _amount(value: object) -> float:
    if isinstance(value, str):
        plain = re.sub(r"[\s,]", "", value)
        return float(plain) if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,2})?", plain) else math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    return float(value)


def _date(text: str) -> date | None:
    parts = re.fullmatch(
        "([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{4})([0-9]{2})([0-9]{2})", text
    )
    if parts is None:
        return None
    try:
        return date(*(int(part) for part in parts.groups() if part))
    except ValueError:
        return None
