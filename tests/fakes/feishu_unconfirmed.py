"""What nobody outside the platform knows for sure, as numbers and switches of the stand-in."""

from dataclasses import dataclass
from typing import Literal

Whose = Literal["theirs", "ours"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """One guess per field; a test that depends on one names it, and may turn it around."""

    fresh_retries: bool = True
    """Whether a retried push is sealed and signed anew, or is the same bytes and headers."""

    outsider_tenant: Whose = "theirs"
    """`sender.tenant_key` of people outside: with "ours" they look like members."""

    member_tenant: Whose = "ours"
    """`sender.tenant_key` of members: with "theirs" it differs from `header.tenant_key`."""

    operator_tenant: Whose = "theirs"
    """`operator.tenant_key` when somebody outside presses a button."""

    external_p2p_downloads: bool = True
    """Whether files out of one-to-one chats with outsiders can be fetched; False: 234009."""

    external_group_ids: Literal["same", "different"] = "same"
    """Whether the member list of an external group names people as their messages do."""

    while_away: Literal["retried", "lost"] = "retried"
    """What becomes of events while no long connection is up: the retry schedule, or nothing."""

    card_life_s: float | None = 30 * 86400.0
    """Seconds a card's buttons work; None: for ever. A press on an older one is 200340."""

    ordered: frozenset[str] = frozenset()
    """Event types that wait for the one before to be taken; the others do not."""

    block_code: int = 230013
    """Refusal for people who blocked the bot: 230013, 230018, 230035 and 230053 are reported."""

    resigned_code: int = 230013
    """Refusal for people who left the company: 230013, or 230029."""

    chat_limit: Literal[230020, 99991400] = 230020
    """Above 5 messages a second to one chat: 230020 with HTTP 400, or as the app's limit, 429."""

    token_error_status: int = 200
    """HTTP status of the token endpoints when app id or secret are wrong."""

    header_micros: bool = False
    message_micros: bool = False
    callback_micros: bool = True
    """create_time of event headers, messages and card callbacks: 16 digits instead of 13."""

    frame_bytes: int = 64 * 1024
    """Longest payload of one frame of a long connection; longer ones are split."""

    late_update_code: int = 300050
    """Refusal of a late card update whose token is unknown, used up or older than 30 minutes."""
