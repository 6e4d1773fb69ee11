"""The sandbox company: founded once, and heard by the reader, not by its files."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import sandbox
from bot.app import App, build
from bot.sandbox import definition
from bot.sandbox.company import Sandbox, found
from bot.sandbox.telling import RECENT
from config.settings import Settings
from nlp.baseline import RuleReader
from nlp.reading import Evidence, ReaderUnavailable, Reading, Utterance
from nlp.scheme import Condition, Intent, Severity
from storage import tables
from storage.crypto import Keystore
from storage.database import Tx
from storage.enums import AlertStatus, Author, InvitePurpose, Stage, Verdict
from storage.queries import alerts, audit, consents, invites, people, timeline
from storage.queries.common import table
from storage.viewer import SYSTEM, Viewer
from tests.builders import a_rulebook
from tests.clock import FakeClock

SCRIPT = definition.load()
OWN = {"overdue", "handover", "deadline"}
SAY = a_rulebook().consents.say


class WordReader:
    """A reader that hears a refusal in one word and nothing anywhere else."""

    def __init__(self, word: str, *, dies_after: int | None = None) -> None:
        self._word = word
        self._left = dies_after

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        if self._left is not None:
            if self._left < len(batch):
                raise ReaderUnavailable("gone")
            self._left -= len(batch)
        return [self._one(utterance.text) for utterance in batch]

    def _one(self, text: str) -> Reading:
        at = text.find(self._word)
        heard = at >= 0
        intent = Intent.DECLINE if heard else Intent.SOCIAL
        return Reading(
            intents=(intent,),
            scores={intent: 0.9},
            commitment=-3 if heard else 0,
            condition=Condition.NONE,
            alert=heard,
            severity=Severity.NOW if heard else Severity.NONE,
            evidence=(Evidence(start=at, end=at + len(self._word), text=self._word, intent=intent),)
            if heard
            else (),
            model="word@test",
        )


class Rules:
    """The product's own rules, without the process around them."""

    def __init__(self) -> None:
        self._rules = RuleReader()

    async def read(self, batch: Sequence[Utterance]) -> list[Reading]:
        return self._rules.read(batch)


def settings_for(data_dir: Path, database_url: str) -> Settings:
    settings = sandbox.settings_of(SCRIPT, data_dir, 8000)
    return settings.model_copy(update={"database_url": database_url})


@contextmanager
def opened(data_dir: Path, database_url: str, now: Callable[[], datetime]) -> Iterator[App]:
    """An app that is not started."""
    settings = settings_for(data_dir, database_url)
    if not settings.keystore_path.exists():
        Keystore.create(settings.keystore_path)
    app = build(settings, now=now)
    try:
        yield app
    finally:
        app.database.close()


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: FakeClock) -> Iterator[App]:
    """On each database: what depends on how rows are written."""
    with opened(tmp_path, database_url, clock) as made:
        yield made


@pytest.fixture
def small(tmp_path: Path, sqlite_url: str, clock: FakeClock) -> Iterator[App]:
    """On SQLite alone: what is decided before anything is written."""
    with opened(tmp_path, sqlite_url, clock) as made:
        yield made


async def everything(app: App) -> dict[str, list[str]]:
    """All rows of all tables."""

    def work(tx: Tx) -> dict[str, list[str]]:
        return {
            name: sorted(repr(tuple(row)) for row in tx.all(sa.select(rows)))
            for name, rows in tables.metadata.tables.items()
        }

    return await app.database.read(work)


async def raised(app: App) -> list[alerts.AlertRow]:
    return await app.database.read(lambda tx: alerts.page(tx, app.road.vault, SYSTEM, limit=500))


async def said(app: App, company: Sandbox, key: str) -> list[timeline.MessageRow]:
    candidate_id = company.cast[key].candidate_id
    return await app.database.read(
        lambda tx: timeline.timeline(tx, app.road.vault, SYSTEM, candidate_id, limit=200)
    )


async def test_founding_twice_changes_nothing(app: App, clock: FakeClock) -> None:
    first = await found(app, reader=Rules())
    before = await everything(app)
    clock.advance(timedelta(days=3))
    second = await found(app, reader=Rules())
    assert (first.told, second.told) == (len(SCRIPT.stories), 0)
    assert second.founded_at == first.founded_at
    assert await everything(app) == before


async def test_everybody_stands_where_their_story_ends(app: App) -> None:
    company = await found(app, reader=Rules())
    rows = await app.database.read(
        lambda tx: people.page_candidates(tx, app.road.vault, SYSTEM, limit=100)
    )
    assert {row.name: row.stage for row in rows} == {
        story.name: story.stage for story in SCRIPT.stories.values()
    }
    assert {row.stage for row in rows} == set(Stage)
    assert {row.owner_name for row in rows} == {"李娜", "王磊"}
    assert all(row.created_at < company.founded_at for row in rows)
    sun = next(row for row in rows if row.name == "孙浩然")
    assert sun.start_on == company.founded_at.date() + timedelta(days=12)


async def test_every_word_of_a_story_is_in_the_timeline_in_order(app: App) -> None:
    company = await found(app, reader=WordReader("不会出现"))
    for key, story in SCRIPT.stories.items():
        shown = await said(app, company, key)
        assert [one.sent_at for one in shown] == sorted(one.sent_at for one in shown)
        agreed = (Author.CANDIDATE, SAY.agree)  # to the question their link began with
        told = [agreed] + [
            (author, story.text(text, line.moment(company.founded_at), company.founded_at))
            for line in story.lines
            for author, texts in (
                (Author.CANDIDATE, line.they),
                (Author.HR, line.hr),
                (Author.BOT, line.bot),
            )
            for text in texts
        ]
        by_program = {line for line in told if line[0] is Author.BOT}
        spoken = [(one.author, one.text) for one in shown]
        assert [one for one in spoken if one[0] is not Author.BOT or one in by_program] == told


async def test_everybody_was_asked_for_consent_before_their_first_word_and_gave_it(
    small: App,
) -> None:
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


async def test_a_reader_that_hears_nothing_leaves_no_alert_and_no_risk(small: App) -> None:
    await found(small, reader=WordReader("不会出现"))
    assert {alert.topic for alert in await raised(small)} <= OWN
    kept = await everything(small)
    assert kept["factor"] == []
    assert all("word@test" in row for row in kept["reading"])


async def test_alerts_and_factors_come_from_what_the_reader_heard(small: App) -> None:
    await found(small, reader=WordReader("松鼠桂魚"))
    heard = [alert for alert in await raised(small) if alert.topic not in OWN]
    assert [(one.candidate_name, one.topic, one.severity) for one in heard] == [
        ("蔡文皓", "decline", "now")
    ]
    assert "松鼠桂魚" in heard[0].quote
    kept = await everything(small)
    assert len(kept["factor"]) == 1
    assert "'decline'" in kept["factor"][0]


async def test_an_old_alert_is_judged_as_its_story_says_hours_later(app: App) -> None:
    company = await found(app, reader=WordReader("不太同意我去昆山"))
    [alert] = [one for one in await raised(app) if one.topic not in OWN]
    assert (alert.status, alert.verdict) == (AlertStatus.RESOLVED, Verdict.HANDLED)
    assert alert.verdict_at == alert.raised_at + timedelta(hours=40)
    assert alert.verdict_by == "王磊"
    assert alert.raised_at < company.founded_at - timedelta(days=74)
    assert alert.revision == 3  # raised, useful, handled


async def test_an_old_alert_no_line_names_is_judged_as_the_story_does_otherwise(small: App) -> None:
    await found(small, reader=WordReader("第二套房东反悔"))
    [alert] = [one for one in await raised(small) if one.topic not in OWN]
    assert (alert.status, alert.verdict) == (AlertStatus.RESOLVED, Verdict.FALSE_ALARM)


async def test_what_was_raised_lately_waits_for_the_visitor(small: App) -> None:
    company = await found(small, reader=Rules())
    shown = await raised(small)
    [sun] = [one for one in shown if one.candidate_name == "孙浩然" and one.topic == "salary"]
    assert sun.status is AlertStatus.OPEN
    assert "希望月薪涨到20k，否则不去" in sun.quote
    for alert in shown:
        if alert.topic not in OWN and alert.raised_at < company.founded_at - RECENT:
            assert alert.verdict is not None, alert.quote


async def test_our_own_silence_is_an_alert_and_a_named_day_is_kept_in_mind(small: App) -> None:
    company = await found(small, reader=Rules())
    shown = await raised(small)
    [day] = [one for one in shown if one.candidate_name == "郑波" and one.topic == "deadline"]
    assert day.status is AlertStatus.OPEN
    assert timedelta(0) < company.founded_at - day.raised_at < timedelta(days=3)
    handed = [one for one in shown if one.topic in ("overdue", "handover")]
    assert any(one.status is AlertStatus.RESOLVED for one in handed)


async def test_the_bot_said_that_it_is_a_program_to_everybody_first(small: App) -> None:
    company = await found(small, reader=Rules())
    for key in SCRIPT.stories:
        first = next(one for one in await said(small, company, key) if one.author is Author.BOT)
        assert "自动程序" in first.text
        assert "星河智造" in first.text


async def test_nothing_of_the_past_is_sent_or_read_again(app: App) -> None:
    await found(app, reader=Rules())

    def work(tx: Tx) -> tuple[int, Counter[str], int]:
        message, talk = table(tables.Message), table(tables.Conversation)
        statuses = Counter(row.status for row in tx.all(sa.select(message.c.status)))
        awake = tx.all(sa.select(talk.c.id).where(talk.c.wake))
        outbox = tx.scalar(sa.select(sa.func.count()).select_from(table(tables.Outbox)))
        return outbox, statuses, len(awake)

    outbox, statuses, awake = await app.database.read(work)
    assert (outbox, awake) == (0, 0)
    assert set(statuses) == {"done", "sent"}


async def test_a_founding_that_was_cut_off_is_finished_as_of_its_own_day(
    app: App, clock: FakeClock
) -> None:
    with pytest.raises(ReaderUnavailable):
        await found(app, reader=WordReader("松鼠桂魚", dies_after=40))
    began = clock()
    clock.advance(timedelta(days=2))
    company = await found(app, reader=WordReader("松鼠桂魚"))
    assert company.founded_at == began
    assert company.told == len(SCRIPT.stories)
    assert len(await said(app, company, "sun_haoran")) >= 15
    counted = await app.database.read(
        lambda tx: len(people.page_candidates(tx, app.road.vault, SYSTEM, limit=100))
    )
    assert counted == len(SCRIPT.stories)


async def test_the_audit_chain_holds_and_knows_the_founding(small: App) -> None:
    await found(small, reader=Rules())
    verdict = await small.database.read(lambda tx: audit.verify(tx, small.road.vault.keystore))
    assert verdict.ok
    assert any("sandbox.found" in row for row in (await everything(small))["audit"])


async def test_a_manager_sees_the_people_of_the_own_positions(small: App) -> None:
    company = await found(small, reader=Rules())
    manager = next(user for user in SCRIPT.company.users if user.role == "manager")
    viewer = Viewer.of_user(company.users[manager.key], manager.name, manager.role)
    rows = await small.database.read(
        lambda tx: people.page_candidates(tx, small.road.vault, viewer, limit=100)
    )
    assert len(rows) == len(SCRIPT.stories)


async def test_founding_with_the_products_own_reader_takes_seconds(app: App) -> None:
    began = time.monotonic()
    await found(app)
    # About 7 s on an idle machine with two cores; read one by one it would be minutes.
    assert time.monotonic() - began < 90


async def test_the_links_lead_the_visitor_in_and_back_into_the_story(app: App) -> None:
    company = await found(app, reader=Rules())
    links = await sandbox.open_doors(app, company, None)
    assert links.phone == ""
    sign_in, chat = (link.rpartition("/") for link in (links.console, links.chat))
    assert sign_in[0] == "http://127.0.0.1:8000/signin"
    assert chat[0] == "http://127.0.0.1:8000/chat"

    def work(tx: Tx) -> tuple[Any, Any, Any]:
        talk, identity = table(tables.Conversation), table(tables.Identity)
        into = invites.find_invite(tx, chat[2], InvitePurpose.CHAT, channel="webchat")
        theirs = tx.first(
            sa.select(talk.c.id, talk.c.state, talk.c.muted)
            .join(identity, identity.c.id == talk.c.identity_id)
            .where(identity.c.id == into.identity_id)
        )
        return invites.find_invite(tx, sign_in[2], InvitePurpose.SIGNIN), into, theirs

    console, into, theirs = await app.database.read(work)
    assert console.user_id == company.users["lina"]
    assert into.candidate_id == company.played.candidate_id
    assert theirs.id == company.played.conversation_id
    assert theirs.state["greeted"]
    assert not theirs.muted
    words = sandbox.spoken(company, links, company.founded_at)
    for part in ("星河智造", links.console, links.chat, "陈一鸣", "薪资这块我还想再考虑一下"):
        assert part in words


async def test_the_visitors_sentence_is_heard_by_the_product() -> None:
    """What the terminal tells the visitor to type does what it says."""
    [reading] = await Rules().read(
        [
            Utterance(
                text="offer收到了，薪资这块我还想再考虑一下",
                stage="offer",
                now=datetime(2026, 11, 2, 1, 0, tzinfo=UTC),
            )
        ]
    )
    assert reading.alert
    assert Intent.SALARY in reading.intents
