"""What no trustworthy source confirms about the platform, and the rates it does publish.

A caller of the platform may rely on none of the values in Doubts: turn them in tests.
"""

from dataclasses import dataclass
from typing import Literal

Rate = tuple[int, float]
Spelling = Literal["OptionIds", "OpitonIds"]

HOUR_S = 3600
DAY_S = 24 * HOUR_S
KF_WINDOW_S = 48 * HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Published rates: so many within so many seconds of the platform's clock."""

    per_corp_and_api: tuple[Rate, ...] = ((10_000, 60), (150_000, HOUR_S))
    per_ip: tuple[Rate, ...] = ((20_000, 60), (600_000, HOUR_S))
    per_app_and_member: tuple[Rate, ...] = ((30, 60), (1_000, HOUR_S))
    per_robot: tuple[Rate, ...] = ((20, 60),)
    person_times_per_account: int = 200  # times the account cap is what an app may send in a day
    kf_accounts: int = 5_000
    kf_accounts_unverified: int = 10
    kf_customers_unverified: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """Unconfirmed behaviour. Seconds are of the platform's clock unless they say real."""

    # Tokens: none of these thresholds is published.
    same_token_on_repeat: bool = True
    new_token_kills_old: bool = False
    gettoken_per_hour: int = 2_000
    wrong_secrets_per_hour: int = 100
    concurrent_calls: int | None = None  # of one app, above it 45033
    escapes_refused: bool = True  # \uXXXX in a JSON body: 40033

    # Callbacks
    retry_wait_s: float = 0.0  # real seconds between two attempts
    retry_same_envelope: bool = True  # same nonce, timestamp and ciphertext again
    kf_envelope_agentid: Literal["given", "empty", "missing"] = "empty"

    # Customer service
    tokenless_pulls_per_minute: int = 600  # of one account, above it 45009
    bad_cursor_errcode: int = 40058
    unmanaged_account_errcode: int = 48002
    menu_click_refills: bool = True  # the five messages
    event_messages_count: bool = False  # send_msg_on_event against the five
    extra_moves: frozenset[tuple[int, int]] = frozenset()  # such as (0, 4) or (3, 1)
    move_from_ended_errcode: int = 95016
    duplicate_msgid_errcode: int = 40058
    event_code_errcode: int = 41050  # late, used or in the wrong session state
    after_48_hours_errcode: int = 95002
    ended_errcode: int = 95018  # sending in state 4
    menu_id_bytes: int = 64
    scene_param_decoded: bool = False
    ever_written_blocks_welcome: bool = False  # else only what was written in the last 48 hours
    customers_of_verified_corp: int | None = None
    oversized_notice: str = "[对方发送的文件过大，暂不支持接收]"

    # App messages and cards
    inactive_members_invalid: bool = True
    duplicate_send_errcode: int = 0
    response_code_life_s: float = 72 * HOUR_S
    card_without_callback_errcode: int = 40058
    recall_errcode: int = 40058  # unknown, of another app, or older than a day
    card_spelling: Spelling = "OptionIds"
    inbound_file_name_tag: str = "FileName"  # of MsgType file, which nothing documents

    # The rest
    image_upload_bytes: int = 2 * 1024 * 1024
    webhook_limit_errcode: int = 45009
    used_oauth_code_errcode: int = 40029
    mobile_misses_per_day: int = 100
    contact_id_equals_kf_id: bool = True
