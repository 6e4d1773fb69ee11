"""Whose consent tests take for given: everybody's, by the company's own form, unless they ask."""

from __future__ import annotations

from datetime import date

from bot.consent import Form

FORM = Form(name="应聘登记表", since=date(2000, 1, 1))
#: The settings that say so.
BY_FORM = {
    "YINUO_CONSENT__ANALYSIS": "elsewhere",
    "YINUO_CONSENT__FORM__NAME": FORM.name,
    "YINUO_CONSENT__FORM__SINCE": FORM.since.isoformat(),
}
