"""What nobody outside the platform knows for sure, as numbers and switches of the stand-in."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """One guess per field; a test that depends on one names it, and may turn it around."""

    session_life_s: float = 5400.0
    """Seconds a sessionWebhook lives: samples imply 90 minutes, users report much less."""

    download_life_s: float = 3600.0
    """Seconds a downloadUrl lives; only "short-lived" is known."""

    batch_limit: int = 20
    """Most userIds of one batchSend: 20 by the parameter table, 100 by an error text."""

    text_bytes: int | None = None
    """Longest msgParam of sampleText and sampleMarkdown to one person; None for no limit."""

    every_id_invalid: Literal["listed", "refused"] = "listed"
    """A batchSend with nobody to write to: HTTP 200 with the list, or staffId.notExisted."""

    webhook_rate_code: int = 130101
    """errcode above 20 messages a minute: observed 130101, documented 410100."""

    webhook_robots: bool = True
    """Whether custom robots can still be added to groups."""

    tokens_interchange: bool = False
    """Whether a token of one host opens the other as well."""

    event_ack: Literal["code", "status"] = "code"
    """What takes an event: code 200 (and no LATER), or only a body with status SUCCESS."""

    event_retry_s: float = 3.0
    event_attempts: int = 3
    """An event that was not taken comes again after so many seconds, so often in all."""

    message_retry_s: float | None = None
    message_attempts: int = 2
    """The same for bot messages; None: they are never pushed again."""

    same_millisecond: bool = True
    """Whether two calls to the app may bear the same time, and so the same signature."""

    queued_while_away: bool = False
    """Whether what arrives while nothing is connected waits; otherwise it is lost."""

    outsiders_write: bool = True
    """Whether the robot hears people of other organisations in an external group."""

    outsider_staff_id: Literal["absent", "empty"] = "absent"
    """How senderStaffId is missing for them, and for everybody before the robot is published."""

    flat_content: bool = False
    """Payload keys of pictures, files and the like at top level instead of in `content`."""

    markdown_at_in_text: bool = True
    """Whether a mention in markdown rings only when the text contains @userid as well."""

    gateway_xml: bool = True
    """Whether connections/open answers XML to callers that do not ask for JSON by name."""

    card_reuse: Literal["refused", "delivered_again"] = "refused"
    """Creating under a used outTrackId: param.cardAlreadyExist, or the old card once more."""

    card_params: Literal["inside", "beside", "top"] = "inside"
    """Where a press carries its params: in cardPrivateData, beside it, or (ids too) at the top."""
