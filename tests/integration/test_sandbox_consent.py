"""The sandbox's people were asked for consent like anybody, and their talks show it."""

from __future__ import annotations

from pathlib import Path

from bot.sandbox.company import found
from storage.enums import Author
from storage.queries import consents
from storage.viewer import SYSTEM
from tests.builders import a_rulebook
from tests.clock import FakeClock
from tests.integration.test_sandbox import Rules, opened, said

SAY = a_rulebook().consents.say


async def test_everybody_was_asked_for_consent_before_their_first_word_and_gave_it(
    tmp_path: Path, sqlite_url: str, clock: FakeClock
) -> None:
    with opened(tmp_path, sqlite_url, clock) as small:
        company = await found(small, reader=Rules())
        version = small.road.rulebook.analysis_version
        for key, cast in company.cast.items():
            links = await small.database.read(
                lambda tx, who=cast.candidate_id: consents.ledger(tx, SYSTEM, who)
            )
            assert [(one.answer.value, one.notice) for one in links] == [
                ("asked", version),
                ("given", version),
            ], key
            first, agreed, thanked, *rest = await said(small, company, key)
            assert "是否同意" in first.text
            assert (agreed.author, agreed.text) == (Author.CANDIDATE, SAY.agree)
            assert thanked.text == SAY.given
            assert links[1].at <= rest[0].sent_at
