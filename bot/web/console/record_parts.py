"""The record put together for whoever looks: what stands, what it replaced, what may be written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot import appraisal, filing
from bot.profile import values
from bot.profile.definition import Kind, ProfileDefinition, Type
from bot.profile.profile import Contradiction, Profile, contradictions
from bot.profile.profile import Job as Told
from bot.web import filenames
from bot.web import record_views as shapes
from bot.web.console import interview_parts, step_parts
from bot.web.console import record_form as forms
from bot.web.console.portrait import Sources, head
from bot.web.console.record_form import NEW, NOTHING, Sent
from bot.web.console.step_parts import UNTOUCHED, SentStep
from bot.web.desk_views import UNTOUCHED as UNSENT
from bot.web.desk_views import SentForm
from bot.web.masking import HIDDEN
from bot.web.site import Site
from bot.words import SHANGHAI
from nlp.amounts import sums
from nlp.normalize import normalize
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.enums import MediaKind, MediaState
from storage.queries import media, profile
from storage.queries.people import CandidateRow
from storage.queries.profile import StatementRow
from storage.viewer import Permission, Viewer

JOB = "job"
_RESUMES = (".pdf", ".docx")


@dataclass(frozen=True, kw_only=True)
class Book:
    """All rows of one record, and who looks at them."""

    kinds: Mapping[str, Kind]
    rows: Sequence[StatementRow]
    found: Mapping[str, str]
    sources: Sources
    sent: Sent
    whole: bool
    writes: bool

    def said(self, row: StatementRow) -> shapes.Said:
        """One statement that stands, with what it replaced."""
        kind = self.kinds[row.kind]
        # Whoever is not shown what a check found is not told either that it holds.
        checked = self.whole or row.id not in self.found
        return shapes.Said(
            id=row.id,
            item=row.item,
            label=kind.label,
            value=self._shown(row),
            source=self.sources.of(row.source),
            at=row.said_at,
            verified_by=self.sources.name(row.verified_by) if checked else "",
            verified_at=row.verified_at if checked else None,
            found=self.found.get(row.id, "") if self.whole else "",
            old=tuple(
                self._old(one)
                for one in reversed(self.rows)
                if (one.kind, one.item) == (row.kind, row.item) and one.superseded_at
            ),
            field=forms.made(row.kind, kind, row.item, value=row.value, sent=self.sent)
            if self.writes
            else None,
        )

    def gone(self) -> tuple[shapes.Gone, ...]:
        """The last of each that was taken back."""
        standing = {(row.kind, row.item) for row in self.rows if row.superseded_at is None}
        last = {
            (row.kind, row.item): row
            for row in self.rows
            if row.superseded_at and (row.kind, row.item) not in standing
        }
        return tuple(
            shapes.Gone(label=self.kinds[row.kind].label, old=self._old(row))
            for row in last.values()
        )

    def blanks(self, names: Iterable[str], item: str) -> tuple[shapes.Field, ...]:
        """Fields of kinds nobody said."""
        if not self.writes:
            return ()
        return tuple(forms.made(one, self.kinds[one], item, sent=self.sent) for one in names)

    def _old(self, row: StatementRow) -> shapes.OldValue:
        assert row.superseded_at is not None
        return shapes.OldValue(
            value=self._shown(row),
            source=self.sources.of(row.source),
            at=row.said_at,
            until=row.superseded_at,
        )

    def _shown(self, row: StatementRow) -> str:
        kind = self.kinds[row.kind]
        text = values.shown(kind, row.value)
        return text if self.whole or not _names_a_sum(kind, text) else HIDDEN


def _names_a_sum(kind: Kind, text: str) -> bool:
    """Whether free words name an amount of money, which managers are not shown."""
    if kind.type is not Type.TEXT:
        return False
    return any(one.kind == "money" for one in sums(normalize(text).text))


def page(
    tx: Tx,
    site: Site,
    viewer: Viewer,
    row: CandidateRow,
    key: SubjectKey,
    sent: Sent = NOTHING,
    step: SentStep = UNTOUCHED,
    interview: SentForm = UNSENT,
) -> shapes.RecordPage:
    """The record of a candidate the viewer may know of."""
    whole = viewer.may(Permission.CHAT_READ)
    writes = whole and viewer.may(Permission.CANDIDATE_WRITE)
    rulebook = site.road.rulebook
    definition: ProfileDefinition = rulebook.profile
    kinds = {name: kind for name, kind in definition.kinds.items() if whole or kind.shared}
    rows = [one for one in profile.statements(tx, key, row.id, history=True) if one.kind in kinds]
    found = profile.doubted(tx, key, row.id)
    book = Book(
        kinds=kinds,
        rows=rows,
        found=found,
        sources=Sources(tx, [one.source for one in rows], [one.verified_by for one in rows]),
        sent=sent,
        whole=whole,
        writes=writes,
    )
    told = appraisal.profile_of(tx, key, rulebook, row.id)
    today = tx.now.astimezone(SHANGHAI).date()
    odd = contradictions(told, today)
    standing = {one.id: one for one in rows if one.superseded_at is None}
    return shapes.RecordPage(
        head=head(viewer, row, "record"),
        jobs=tuple(_job(book, job, standing, odd, today) for job in told.jobs),
        groups=tuple(
            _group(book, name, label, told)
            for name, label in definition.groups.items()
            if name not in definition.several
        ),
        steps=step_parts.part(tx, key, row.id, step, whole=whole, writes=writes),
        interviews=interview_parts.part(
            tx, key, viewer, row.id, interview, whole=whole, writes=writes
        ),
        documents=documents(tx, site, viewer, row.id) if whole else (),
        gone=book.gone() if whole else (),
        new_job=book.blanks([one for one in kinds if definition.repeats(one)], NEW),
        new_item=f"{NEW}:{filing.new_item()}" if writes else "",
        new_open=sent.item == NEW,
        doubts=tuple(one.says for one in odd if len(one.items) > 1),
        doubted=len(found) if whole else 0,
        hidden=not whole,
    )


def _job(
    book: Book,
    job: Told,
    standing: Mapping[str, StatementRow],
    odd: Sequence[Contradiction],
    today: date,
) -> shapes.Job:
    names = [name for name in book.kinds if name.startswith(f"{JOB}.")]
    said = {
        name: book.said(standing[job.told[short].id])
        for name in names
        if (short := name.partition(".")[2]) in job.told and job.told[short].id in standing
    }

    def words(short: str) -> str:
        one = said.get(f"{JOB}.{short}")
        return one.value if one else ""

    ends = [one for one in (words("from"), words("until")) if one]
    pays = [one for one in (words("pay_first"), words("pay")) if one]
    return shapes.Job(
        item=job.item,
        company=words("company"),
        title=words("title"),
        period=" – ".join(ends),
        months=job.months(today),
        pay=" → ".join(dict.fromkeys(pays)),
        reason=words("left_tag") or words("left_because"),
        performance=words("performance"),
        said=tuple(said.values()),
        blanks=book.blanks([name for name in names if name not in said], job.item),
        doubts=tuple(one.says for one in odd if one.items == (job.item,)),
        open=book.sent.item == job.item or any(one.found for one in said.values()),
    )


def _group(book: Book, name: str, label: str, told: Profile) -> shapes.Group:
    kinds = [one for one in book.kinds if one.startswith(f"{name}.")]
    rows = {row.kind: row for row in book.rows if row.superseded_at is None and not row.item}
    said = [one for one in kinds if one in told.once and one in rows]
    blanks = [one for one in kinds if one not in said]
    return shapes.Group(
        name=name,
        label=label,
        said=tuple(book.said(rows[one]) for one in said),
        blanks=book.blanks(blanks, ""),
        open=any((one, "") in book.sent.errors for one in blanks),
    )


def documents(tx: Tx, site: Site, viewer: Viewer, candidate_id: str) -> tuple[shapes.Document, ...]:
    """Files that came in chat, newest first."""
    found = media.of_candidate(tx, site.road.vault, viewer, candidate_id)
    return tuple(
        shapes.Document(
            id=one.id,
            name=filenames.shown(one.name),
            size=one.size,
            at=one.created_at,
            kept=one.state is MediaState.KEPT,
            readable=one.state is MediaState.KEPT and one.name.lower().endswith(_RESUMES),
        )
        for one in reversed(found)
        if one.kind in (MediaKind.FILE, MediaKind.IMAGE)
    )
