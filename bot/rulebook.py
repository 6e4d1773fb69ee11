"""Everything deciding goes by, parsed and checked: words, policy, risk rules, pauses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from bot import known, questions
from bot.alerts import playbooks
from bot.alerts.digest import DigestWords
from bot.alerts.playbooks import Playbook, Playbooks
from bot.alerts.policy import Policy
from bot.answers import Answers
from bot.consent import ANALYSIS, Consents, Form
from bot.errors import NotReady
from bot.known import Faq, Requests
from bot.match.definition import MatchDefinition
from bot.offers.law import Region
from bot.profile.definition import ProfileDefinition
from bot.questions import Heard, Questions
from bot.risk import definition
from bot.risk.definition import Rules
from bot.sheets.definition import Layout, SheetsDefinition, laid_out
from bot.surveys import definition as surveys
from bot.surveys.about import Meanings
from bot.surveys.definition import Vocabulary
from bot.surveys.forbidden import Forbidden
from bot.surveys.shape import Survey
from bot.surveys.timing import Timing
from bot.words import Replies
from bot.workdays import Calendar
from nlp.asking import Askings
from nlp.scheme import Intent


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """What the pure functions are handed besides the context."""

    company: str
    replies: Replies
    answers: Answers  # to colleagues
    policy: Policy
    playbooks: Playbooks
    risk: Rules
    match: MatchDefinition
    profile: ProfileDefinition
    sheets: Layout
    region: Region
    surveys: Mapping[str, Survey]
    forbidden: Forbidden
    labels: Mapping[Intent, str]
    faq: Faq
    askings: Askings  # of requests.yaml and faq.yaml
    questions: Questions
    colleagues_heard: Heard  # of questions.yaml
    calendar: Calendar
    timing: Timing
    digest: DigestWords
    meanings: Meanings
    consents: Consents
    form: Form | None = None  # None: the bot asks for consent itself
    privacy_url: str = "/privacy"

    @property
    def analysis_version(self) -> str:
        """The version of the words the automatic reading is consented to in."""
        return self.consents.version(ANALYSIS)

    @property
    def vocabulary(self) -> Vocabulary:
        """What a survey may refer to."""
        return _vocabulary(self.policy, self.meanings)


def parse(
    company: str,
    read: Callable[[str], Any],
    read_folder: Callable[[str], dict[str, Any]],
    *,
    form: Form | None = None,
    privacy_url: str = "/privacy",
) -> Rulebook:
    """The rulebook of the files ``read`` finds. Raises ``NotReady`` naming file and key."""
    try:
        labels = {Intent(key): str(value) for key, value in read("labels.yaml").items()}
        if set(labels) != set(Intent):
            raise NotReady(f"labels.yaml lacks {sorted(set(Intent) - set(labels))}")
        profile = _checked("profile.yaml", ProfileDefinition.model_validate, read)
        sheets = _checked("sheets.yaml", SheetsDefinition.model_validate, read)
        forbidden = _checked("forbidden.yaml", Forbidden.model_validate, read)
        policy = _checked("policy.yaml", lambda raw: Policy.model_validate(raw), read)
        meanings = _checked("meaning.yaml", Meanings.model_validate, read)
        if wrong := meanings.wrong(profile, policy):
            raise NotReady(f"meaning.yaml: {wrong}")
        requests = _checked("requests.yaml", Requests.model_validate, read)
        faq = _checked("faq.yaml", Faq.model_validate, read)
        asked = _checked("questions.yaml", Questions.model_validate, read)
        replies = _checked("replies/zh.yaml", lambda raw: Replies.model_validate(raw), read)
        _lawful("replies/zh.yaml", replies.model_dump(mode="json"), forbidden)
        told = _checked("answers.yaml", Answers.model_validate, read)
        _lawful("answers.yaml", told.model_dump(mode="json"), forbidden)
        answers = {name: (one.answer, one.otherwise) for name, one in faq.entries.items()}
        _lawful("faq.yaml", answers, forbidden)
        _lawful("policy.yaml: questions", policy.questions, forbidden)
        return Rulebook(
            company=company,
            replies=replies,
            answers=told,
            policy=policy,
            playbooks=_playbooks(read_folder("playbooks"), policy, forbidden),
            risk=_risk(read_folder("risk"), forbidden),
            match=_checked("match.yaml", MatchDefinition.model_validate, read),
            profile=profile,
            sheets=laid_out(sheets, profile, read("words/zh.yaml")["stage"]),
            region=_checked("regions/cn.yaml", Region.model_validate, read),
            surveys=_surveys(read_folder("surveys"), policy, meanings, forbidden),
            forbidden=forbidden,
            labels=labels,
            calendar=_checked("holidays.yaml", Calendar.model_validate, read),
            timing=_checked("invitations.yaml", Timing.model_validate, read),
            digest=_checked("digest.yaml", DigestWords.model_validate, read),
            meanings=meanings,
            consents=_checked("consent.yaml", Consents.model_validate, read),
            form=form,
            privacy_url=privacy_url,
            faq=faq,
            askings=known.askings(requests, faq),
            questions=asked,
            colleagues_heard=questions.heard(asked),
        )
    except (ValueError, AttributeError) as error:
        raise NotReady(f"a file under config/ cannot be used: {error}") from error


def _checked(name: str, validate: Callable[[Any], Any], read: Callable[[str], Any]) -> Any:
    try:
        return validate(read(name))
    except ValidationError as error:
        raise NotReady(f"{name}: {_first(error)}") from error


def _lawful(name: str, texts: Any, forbidden: Forbidden) -> None:
    """Nothing the bot says, or gives HR to ask, asks what nobody may be asked. Raises ``NotReady``
    naming the file, the key and the article."""
    if isinstance(texts, Mapping):
        for key, one in texts.items():
            _lawful(f"{name}: {key}", one, forbidden)
    elif isinstance(texts, list | tuple):
        for one in texts:
            _lawful(name, one, forbidden)
    elif isinstance(texts, str) and (why := forbidden.why(texts)):
        raise NotReady(f"{name}: {why}")


def _playbooks(files: dict[str, Any], policy: Policy, forbidden: Forbidden) -> Playbooks:
    made: dict[str, Playbook] = {}
    for name, raw in files.items():
        try:
            made[name] = playbooks.parse(name, raw, topics=policy.names)
        except ValueError as error:
            why = _first(error) if isinstance(error, ValidationError) else error
            raise NotReady(f"playbooks/{name}.yaml: {why}") from error
    books = Playbooks(topics=made, without=policy.without)
    for name, book in books.topics.items():
        _lawful(f"playbooks/{name}.yaml", book.model_dump(mode="json"), forbidden)
    return books


def _risk(files: dict[str, Any], forbidden: Forbidden) -> Rules:
    rules: dict[str, definition.RuleDefinition] = {}
    for name, raw in files.items():
        try:
            rules |= definition.parse({name: raw})
        except ValidationError as error:
            raise NotReady(f"risk/{name}.yaml: {_first(error)}") from error
        _lawful(f"risk/{name}.yaml: ask", rules[name].ask, forbidden)
    return rules


def _surveys(
    files: dict[str, Any], policy: Policy, meanings: Meanings, forbidden: Forbidden
) -> dict[str, Survey]:
    """Surveys by id, which is the file's name. An alert's topic is one of policy.yaml, what a
    question is about a key of meaning.yaml, and nothing may be asked that forbidden.yaml names.
    """
    made: dict[str, Survey] = {}
    for name, raw in files.items():
        try:
            made[name] = surveys.parse(
                raw, id_=name, guard=forbidden.why, vocabulary=_vocabulary(policy, meanings)
            )
        except surveys.SurveyInvalid as error:
            raise NotReady(f"surveys/{name}.yaml: {error}") from error
    return made


def _vocabulary(policy: Policy, meanings: Meanings) -> Vocabulary:
    return Vocabulary(about=meanings.about, topics=policy.names)


def _first(error: ValidationError) -> str:
    """The first complaint, with the key it is about and without the value."""
    complaint = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in complaint["loc"])
    return f"{place}: {complaint['msg']}"
