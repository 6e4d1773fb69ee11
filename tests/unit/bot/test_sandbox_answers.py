"""The sandbox company answers questions for itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.conversation import router
from bot.errors import NotReady
from bot.sandbox import company, definition
from tests.builders import NOW, a_context, a_rulebook

SCRIPT = definition.load()
BOOK = a_rulebook()


@pytest.mark.parametrize("name", sorted(SCRIPT.company.answers))
def test_each_answer_of_its_own_is_given_with_its_own_source(name: str) -> None:
    book = replace(BOOK, faq=company._answering(BOOK.faq, SCRIPT))
    context = a_context(BOOK.faq.entries[name].asks[0])
    [reply] = router.decide(context, None, book, now=NOW).replies
    own = SCRIPT.company.answers[name]
    assert own.answer in reply.text
    assert own.source in reply.text


def test_what_it_has_no_answer_to_is_answered_as_shipped() -> None:
    faq = company._answering(BOOK.faq, SCRIPT)
    assert faq.entries["medical"] == BOOK.faq.entries["medical"]
    assert set(faq.entries) == set(BOOK.faq.entries)


def test_an_answer_to_a_question_nobody_knows_is_refused() -> None:
    answers = {"pets": definition.Answer(answer="可以", source="须知")}
    script = replace(SCRIPT, company=SCRIPT.company.model_copy(update={"answers": answers}))
    with pytest.raises(NotReady, match="pets"):
        company._answering(BOOK.faq, script)
