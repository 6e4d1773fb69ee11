"""How a delivery can fail; the type says what to do next.

DeliveryError
├── TryLater      the platform is busy or down: the same again after ``delay``
├── Hold          the platform lets us write once they have written: wait for that
├── GiveUp        the platform will never take this: park it and show a person why
└── Unknown       the bytes left and no answer came: it may have arrived
"""

from __future__ import annotations

from datetime import timedelta


class DeliveryError(Exception):
    """Something was not delivered. The text is shown to HR and must not contain a secret."""


class TryLater(DeliveryError):
    """The platform is busy or down. Send the same again after ``delay`` (None: our back-off).

    ``partly``: of what is to be sent some parts have arrived, and may again.
    """

    def __init__(
        self, reason: str, delay: timedelta | None = None, *, partly: bool = False
    ) -> None:
        super().__init__(reason)
        self.delay, self.partly = delay, partly


class Hold(DeliveryError):
    """The platform lets us write only once the person has written: wait, however long it takes.

    ``heard`` is the last message of theirs that was known then; a later one means: try again.
    ``partly`` as in ``TryLater``.
    """

    def __init__(self, reason: str, heard: int | None = None, *, partly: bool = False) -> None:
        super().__init__(reason)
        self.heard, self.partly = heard, partly


class GiveUp(DeliveryError):
    """The platform will never take this. Park it and show HR why."""


class Unknown(DeliveryError):
    """The bytes left and no answer came. Only a platform that de-duplicates may be asked again."""
