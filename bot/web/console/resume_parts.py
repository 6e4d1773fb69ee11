"""Résumés put together for HR: what each proposes, section by section, beside what stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.filing import Field as Key
from bot.profile import values
from bot.proposing import Waiting
from bot.resume.proposal import Proposed
from bot.web import record_views as shapes
from bot.web.console import record_form as forms
from bot.web.console.portrait import Sources, head
from bot.web.console.record_form import Sent
from bot.web.console.record_parts import documents
from bot.web.site import Site
from storage.crypto import SubjectKey
from storage.database import Tx
from storage.queries import profile, proposals
from storage.queries.people import CandidateRow
from storage.viewer import Viewer

#: How much of what was read at a place is shown.
MOST_QUOTE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A section that comes back: of which proposal, what was written, wrong and ticked."""

    proposal: str = ""
    sent: Sent = forms.NOTHING
    taken: frozenset[Key] = frozenset()
    keys: frozenset[Key] = frozenset()  # all of the section


NOTHING = Chosen()


def take_name(one: Proposed) -> str:
    """What the box is called that takes a field."""
    return f"take:{one.kind}:{one.item}"


def text_name(one: Proposed) -> str:
    """What the text of a field is called."""
    return f"text:{one.kind}:{one.item}"


def page(
    tx: Tx,
    site: Site,
    viewer: Viewer,
    row: CandidateRow,
    key: SubjectKey,
    *,
    back: Chosen = NOTHING,
    refused: str = "",
) -> shapes.ResumePage:
    """Everything about a candidate's résumés, for whoever may read what they wrote."""
    found = [Waiting.of(one) for one in proposals.of_candidate(tx, key, row.id, settled=True)]
    sources = Sources(tx, [one.source for one in found], [])
    kinds = site.road.rulebook.profile.kinds
    standing = {
        one.kind: values.shown(kinds[one.kind], one.value)
        for one in profile.statements(tx, key, row.id)
        if one.kind in kinds and not one.item
    }
    return shapes.ResumePage(
        head=head(viewer, row, "resume"),
        waiting=tuple(
            shapes.ProposalCard(
                id=one.id,
                source=sources.of(one.source),
                at=one.created_at,
                sections=_sections(
                    site, one, standing, back if back.proposal == one.id else NOTHING
                ),
                confirmed=sum(each.confirmed for each in one.proposal.fields),
                left_out=one.proposal.left_out,
            )
            for one in found
            if one.state == proposals.NEW
        ),
        settled=tuple(
            shapes.SettledProposal(
                source=sources.of(one.source),
                at=one.created_at,
                state=one.state,
                confirmed=sum(each.confirmed for each in one.proposal.fields),
            )
            for one in found
            if one.state != proposals.NEW
        ),
        documents=tuple(one for one in documents(tx, site, viewer, row.id) if one.readable),
        refused=refused,
    )


def undecided(site: Site, found: Waiting) -> tuple[Proposed, ...]:
    """What waits of a proposal, as far as the definition still has its kinds."""
    kinds = site.road.rulebook.profile.kinds
    return tuple(one for one in found.undecided if one.kind in kinds)


def _sections(
    site: Site, found: Waiting, standing: Mapping[str, str], back: Chosen
) -> tuple[shapes.Section, ...]:
    by_item: dict[str, list[Proposed]] = {}
    for one in undecided(site, found):
        by_item.setdefault(one.item, []).append(one)
    companies = {one.item: one.text for one in found.proposal.fields if one.kind == "job.company"}
    order = list(dict.fromkeys(one.item for one in found.proposal.fields if one.item))
    return tuple(
        shapes.Section(
            id=item,
            title=companies.get(item, ""),
            number=order.index(item) + 1 if item else 0,
            fields=tuple(_proposed(site, one, standing, back) for one in fields),
        )
        for item, fields in by_item.items()
    )


def _proposed(
    site: Site, one: Proposed, standing: Mapping[str, str], back: Chosen
) -> shapes.ProposedField:
    key = (one.kind, one.item)
    kind = site.road.rulebook.profile.kinds[one.kind]
    return shapes.ProposedField(
        field=forms.made(
            one.kind, kind, one.item, text=one.text, sent=back.sent, form_name=text_name(one)
        ),
        ask=one.ask,
        quote=one.quote[:MOST_QUOTE],
        page=one.page,
        line=one.line,
        take=key in back.taken if key in back.keys else not one.ask,
        take_name=take_name(one),
        standing="" if one.item else standing.get(one.kind, ""),
    )


def sent_of(
    site: Site, fields: Sequence[Proposed], form: Mapping[str, str]
) -> tuple[dict[Key, str], frozenset[Key]]:
    """What a form says of the fields of a section, and which of them are ticked."""
    kinds = site.road.rulebook.profile.kinds
    texts = {
        (one.kind, one.item): forms.answered(kinds[one.kind], text_name(one), form)[0]
        for one in fields
    }
    return texts, frozenset((one.kind, one.item) for one in fields if take_name(one) in form)
