"""XML of callbacks as the platform writes it, and of passive replies as it reads them."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

Value: TypeAlias = "str | int | float | Mapping[str, Value] | Sequence[Value]"


def document(fields: Mapping[str, Value]) -> str:
    """One `<xml>` element: texts in CDATA, numbers bare, a sequence as a repeated element."""
    return f"<xml>{_inner(fields)}</xml>"


def _inner(fields: Mapping[str, Value]) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Value) -> str:
    if isinstance(value, str):
        # The end of a CDATA section inside a text is split over two sections.
        inner = f"<![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]>"
    elif isinstance(value, Mapping):
        inner = _inner(value)
    elif isinstance(value, Sequence):
        return "".join(_element(name, item) for item in value)
    else:
        inner = str(value)
    return f"<{name}>{inner}</{name}>"


def parse(text: str) -> Element:
    """The root of a reply; raises ValueError for anything but one `<xml>` element."""
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - from the code under test
    except ElementTree.ParseError as error:
        raise ValueError(f"not XML: {error}") from None
    if root.tag != "xml":
        raise ValueError(f"the root is <{root.tag}>, not <xml>")
    return root
