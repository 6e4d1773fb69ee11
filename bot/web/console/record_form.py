"""Forms of the record: the fields of kinds, and what a sent form says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.filing import Field as Key
from bot.profile import values
from bot.profile.definition import Kind, ProfileDefinition, Type
from bot.web.errors import Invalid
from bot.web.record_views import Field
from bot.web.views import Choice

NEW = "new"
#: Kinds whose text takes more than a line.
LONG = frozenset({"job.left_because", "job.conduct", "expect.plan", "own.skills", "own.education"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A form that comes back: ``item`` it was about, texts and complaints by (kind, item)."""

    item: str = ""
    texts: Mapping[Key, str] = field(default_factory=dict)
    errors: Mapping[Key, str] = field(default_factory=dict)


NOTHING = Sent()


def named(kind: str) -> str:
    """What the field of a kind is called in a form about one entry."""
    return f"f:{kind}"


def told(definition: ProfileDefinition, form: Mapping[str, str], item: str) -> dict[Key, str]:
    """What a form says of one entry; what was left empty is not said.

    Raises ``Invalid`` for fields it does not have.
    """
    known: set[str] = set()
    found: dict[Key, str] = {}
    for name, kind in definition.kinds.items():
        text, names = answered(kind, named(name), form)
        known |= names
        if text:
            found[name, item] = text
    if any(name.startswith("f:") and name not in known for name in form):
        raise Invalid({"form": "unknown field"})
    return found


def answered(kind: Kind, name: str, form: Mapping[str, str]) -> tuple[str, set[str]]:
    """What one field of a form says, as ``values.parse`` reads it, and the names it may have."""
    if kind.type is not Type.CHOICES:
        return form.get(name, "").strip(), {name}
    names = {f"{name}:{key}": key for key in kind.options}
    return "、".join(key for one, key in names.items() if one in form), set(names)


def too_long(texts: Mapping[Key, str]) -> dict[Key, str]:
    """Complaints about texts that are not worth parsing."""
    most = values.MOST_TEXT
    return {key: f"超过 {most} 个字" for key, text in texts.items() if len(text) > most}


def made(
    name: str,
    kind: Kind,
    item: str,
    *,
    value: values.Value = None,
    text: str | None = None,
    sent: Sent = NOTHING,
    form_name: str = "",
) -> Field:
    """The field of a kind. ``value`` is stored, ``text`` as people write it; the form as last sent
    goes before both."""
    key = (name, item)
    if key in sent.texts or key in sent.errors:
        text = sent.texts.get(key, "")
    elif text is None and value is not None:
        text = _editable(kind, value)
    text = text or ""
    options = tuple(Choice(value=key, text=label) for key, label in kind.options.items())
    chosen = _chosen(kind, text) if kind.type is Type.CHOICES else ()
    if kind.type is Type.CHOICE:
        text = (_chosen(kind, text) or (text,))[0]
    return Field(
        name=form_name or named(name),
        id=f"f-{item or 'one'}-{name.replace('.', '-')}",
        label=kind.label,
        value=text,
        error=sent.errors.get(key, ""),
        hint=kind.type.value,
        choices=options,
        several=kind.type is Type.CHOICES,
        chosen=chosen,
        long=name in LONG,
    )


def _editable(kind: Kind, value: values.Value) -> str:
    if kind.type is Type.CHOICE:
        return str(value)
    return "、".join(value) if kind.type is Type.CHOICES else values.written(kind, value)


def _chosen(kind: Kind, text: str) -> tuple[str, ...]:
    """Keys of the options a text names, as far as it does."""
    parts = {part.strip().casefold() for part in text.split("、")}
    return tuple(
        key
        for key, label in kind.options.items()
        if key.casefold() in parts or label.casefold() in parts
    )
