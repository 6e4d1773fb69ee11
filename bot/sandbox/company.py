"""Founding the sandbox company: people, positions, and the months before the visitor came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from bot import models
from bot.app import App
from bot.errors import NotReady
from bot.known import Faq
from bot.pipeline import Road
from bot.sandbox import definition, telling
from bot.sandbox.definition import Script, Story
from bot.sandbox.history import OPENED, Cast, play
from nlp.process import ReaderProcess
from nlp.reading import AsyncReader
from storage.crypto import new_public_id
from storage.database import Tx
from storage.enums import Stage
from storage.queries import audit, backfill, people, users
from storage.viewer import SYSTEM, Viewer

#: Settings the sandbox keeps: when it was founded, who a story is about, which are told.
_FOUNDED, _TALK, _TOLD = "sandbox.founded", "sandbox.talk.", "sandbox.told."
WEBCHAT, TELEGRAM = "webchat", "telegram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The company as it stands. Ids by the keys of ``config/sandbox``."""

    script: Script
    founded_at: datetime
    users: Mapping[str, str]
    positions: Mapping[str, str]
    cast: Mapping[str, Cast]
    told: int  # stories written by this call; 0 on every later start

    @property
    def admin(self) -> Viewer:
        """The HR admin the visitor signs in as."""
        who = self.script.admin
        return Viewer.of_user(self.users[who.key], who.name, who.role)

    @property
    def played(self) -> Cast:
        """The candidate the visitor plays."""
        return self.cast[self.script.company.plays]


async def found(app: App, *, reader: AsyncReader | None = None) -> Sandbox:
    """Found the company in an open, not started ``app``; once more changes nothing.

    ``reader`` reads the history; by default a process of the product's own reader, started for
    it. What was begun and cut off is finished by the next call, as of the same founding day.
    Raises ``NotReady`` for files that cannot be used, ``ReaderUnavailable``.
    """
    script = definition.load(app.settings.config_dir)
    road = app.road
    road.rulebook = replace(road.rulebook, faq=_answering(road.rulebook.faq, script))
    company = await road.database.write(partial(_settle, road, script))
    untold = await road.database.read(partial(_untold, company))
    if untold:
        async with _reading(app, reader) as reads:
            await _tell(replace(road, reader=reads), company, untold)
    return replace(company, told=len(untold))


def _answering(faq: Faq, script: Script) -> Faq:
    """The questions with the company's own answers. Raises ``NotReady`` for one nobody asks."""
    own = script.company.answers
    if unknown := set(own) - set(faq.entries):
        raise NotReady(f"sandbox/company.yaml: answers: faq.yaml has no {sorted(unknown)}")
    entries = {
        name: entry.model_copy(
            update={"answer": own[name].answer, "source": own[name].source, "otherwise": ""}
        )
        if name in own
        else entry
        for name, entry in faq.entries.items()
    }
    return faq.model_copy(update={"entries": entries})


async def _tell(road: Road, company: Sandbox, untold: list[Cast]) -> None:
    today = company.founded_at
    # All at once: what one story waits to have read is read together with the others'.
    played = await asyncio.gather(*(play(road, cast, today) for cast in untold))

    def work(tx: Tx, index: int) -> None:
        telling.tell(tx, road, played[index], today)
        users.set_setting(tx, _TOLD + untold[index].key, "1")

    await asyncio.gather(
        *(road.database.write(partial(work, index=index)) for index in range(len(played)))
    )


@asynccontextmanager
async def _reading(app: App, reader: AsyncReader | None) -> AsyncIterator[AsyncReader]:
    if reader is not None:
        yield reader
        return
    if app.reader.alive:
        yield app.reader
        return
    # Not the app's own: that one belongs to the event loop the app will be started in.
    settings = app.settings
    process = ReaderProcess(
        models.factory(settings.reader.engine, settings.reader.model, settings.data_dir),
        timeout=settings.engine.reader_timeout_s,
    )
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


def _settle(road: Road, script: Script, tx: Tx) -> Sandbox:
    """Users, positions, candidates and their conversations, whatever of them is missing."""
    founded = users.setting(tx, _FOUNDED)
    if not founded:
        founded = tx.now.isoformat()
        users.set_setting(tx, _FOUNDED, founded)
        audit.append(tx, road.vault.keystore, SYSTEM, "sandbox.found", "sandbox")
    today = datetime.fromisoformat(founded)
    user_ids = _users(tx, script)
    position_ids = _positions(tx, script, user_ids)
    return Sandbox(
        script=script,
        founded_at=today,
        users=user_ids,
        positions=position_ids,
        cast={
            key: _cast(tx, road, script, key, story, user_ids, position_ids, today)
            for key, story in script.stories.items()
        },
        told=0,
    )


def _users(tx: Tx, script: Script) -> dict[str, str]:
    found = {}
    for user in script.company.users:
        row = users.by_login(tx, user.login)
        found[user.key] = (
            row.id
            if row is not None
            else users.create_user(tx, login=user.login, name=user.name, role=user.role)
        )
    return found


def _positions(tx: Tx, script: Script, user_ids: Mapping[str, str]) -> dict[str, str]:
    known = {row.title: row.id for row in people.positions(tx, SYSTEM)}
    return {
        one.key: known[one.title]
        if one.title in known
        else people.create_position(
            tx,
            SYSTEM,
            title=one.title,
            department=one.department,
            city=one.city,
            budget_low=one.budget[0],
            budget_high=one.budget[1],
            months=one.months,
            owner_id=user_ids[one.owner],
            manager_id=user_ids[one.manager],
        )
        for one in script.company.positions
    }


def _cast(
    tx: Tx,
    road: Road,
    script: Script,
    key: str,
    story: Story,
    user_ids: Mapping[str, str],
    position_ids: Mapping[str, str],
    today: datetime,
) -> Cast:
    """A story's candidate and conversation, made on the day of its first line."""
    remembered = users.setting(tx, _TALK + key)
    if not remembered:
        then = backfill.at(tx, story.lines[0].moment(today) - OPENED)
        candidate_id = people.create_candidate(
            then,
            road.vault,
            SYSTEM,
            name=story.name,
            stage=Stage.INTERVIEW,
            position_id=position_ids[story.position],
        )
        on_telegram = story.telegram is not None and TELEGRAM in road.channels
        talk = backfill.talk(
            then,
            road.vault,
            candidate_id=candidate_id,
            channel=TELEGRAM if on_telegram else WEBCHAT,
            address=str(story.telegram) if on_telegram else new_public_id("w"),
        )
        remembered = f"{candidate_id} {talk.id} {talk.channel}"
        users.set_setting(tx, _TALK + key, remembered)
    candidate_id, conversation_id, channel = remembered.split()
    position = script.position(story)
    owner = next(user for user in script.company.users if user.key == position.owner)
    return Cast(
        key=key,
        story=story,
        candidate_id=candidate_id,
        conversation_id=conversation_id,
        channel=channel,
        position_title=position.title,
        owner_id=user_ids[position.owner],
        owner_name=owner.name,
    )


def _untold(company: Sandbox, tx: Tx) -> list[Cast]:
    return [cast for key, cast in company.cast.items() if not users.setting(tx, _TOLD + key)]
