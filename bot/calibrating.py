"""``yinuo risk``: rules judged against outcomes, weights fitted to them, and taken into use.

A fit is a proposal. One HR admin makes it, another one confirms it, each with password and
one-time code; what they signed lies sealed in the database. Nothing fitted is used before that,
and the weights before can be had back.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.app import WEIGHTS_PLACE, WEIGHTS_USED, open_rulebook, open_storage, weights_kept
from bot.errors import BotError, NotReady
from bot.risk import backtest, cases, weights
from bot.risk.backtest import Backtest
from bot.risk.cases import BadCases, Cases
from bot.risk.definition import Rules
from bot.risk.fit import Fitted, TooFew, fit
from bot.risk.weights import Weights
from bot.web import credentials
from bot.web.signin import ACCOUNT_WINDOW, TOTP
from config.settings import Settings
from storage import crypto
from storage.crypto import new_public_id
from storage.database import Database, Tx
from storage.enums import Role
from storage.queries import audit, users
from storage.vault import Vault, seal, unseal
from storage.viewer import Viewer

PROPOSAL, BEFORE = "risk.proposal", "risk.before"
#: What a setting holds.
MOST_KEPT = 2000
#: How long a proposal waits for the second person.
LIFE = timedelta(days=7)
MOST_BYTES = 64 * 1024 * 1024


class Unfit(BotError):
    """A file, a fit or a person that weights cannot be made or taken into use with."""


class BadFile(Unfit):
    """A file whose lines cannot be used, with all that is wrong in it."""

    def __init__(self, path: Path, error: BadCases) -> None:
        super().__init__("\n".join((f"{path}: 不能用", *error.complaints[:50])))
        self.complaints, self.late = error.complaints, error.late


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who types at the command line, and with what they prove it."""

    login: str
    password: str
    code: str


# --- judging and fitting --------------------------------------------------------------------------


def judged(rules: Rules, path: Path) -> tuple[Cases, Backtest]:
    """The cases of a file, and how well the rules told their outcomes. Raises ``Unfit``."""
    found = read(path, rules)
    return found, backtest.backtest(found)


def fitted(rules: Rules, path: Path) -> tuple[Cases, Fitted]:
    """The cases of a file, and weights fitted to them beside the experts'. Raises ``Unfit``."""
    found = read(path, rules)
    try:
        return found, fit(found, {name: rules[name].adds for name in found.rules})
    except TooFew as error:
        raise Unfit(str(error)) from error


def rules_of(settings: Settings) -> Rules:
    """The rules as the experts wrote them."""
    return open_rulebook(settings).risk


def read(path: Path, rules: Rules) -> Cases:
    """The cases of a file. Raises ``BadFile`` with every complaint, line and column; ``Unfit``."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Unfit(f"{path}: 超过 {MOST_BYTES // 1024**2} MB")
        return cases.read(path.read_text("utf-8-sig"), rules)
    except OSError as error:
        raise Unfit(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Unfit(f"{path}: 不是 UTF-8") from error
    except BadCases as error:
        raise BadFile(path, error) from error


# --- two people -----------------------------------------------------------------------------------


def propose(settings: Settings, made: Fitted, person: Person) -> Weights:
    """Keep a fit for a second person to confirm; an earlier proposal is dropped.

    Raises ``Unfit`` when it did worse on later cases, or the person is no HR admin.
    """
    if not made.better.value >= 0:
        raise Unfit(f"在后来的案例上不如现用的权重（AUC 差 {made.better.value:+.3f}），没有提交")
    rules = open_rulebook(settings).risk
    with _opened(settings) as (database, vault):
        who = identified(database, vault, person, "risk.propose")

        def work(tx: Tx) -> Weights:
            kept = Weights(
                id=new_public_id("w"),
                adds=made.adds,
                experts=weights.digest(rules),
                cases=made.trained + made.fitted.cases,
                better=(made.better.value, made.better.low, made.better.high),
                by=who.id,
                by_name=who.name,
                at=tx.now.isoformat(),
            )
            _keep(tx, vault, PROPOSAL, kept)
            details = {"proposal": kept.id, "cases": kept.cases}
            audit.append(tx, vault.keystore, who, "risk.propose", kept.id, details=details)
            return kept

        return database.submit(work).result()


def proposal(settings: Settings) -> Weights | None:
    """What waits for a second person, if something does."""
    with _opened(settings) as (database, vault):
        return database.submit_read(lambda tx: _waiting(tx, vault)).result()


def confirm(settings: Settings, proposal_id: str, person: Person) -> Weights:
    """Take a proposal into use: the second person says so.

    Raises ``Unfit`` for another proposal than the one that waits, one that is too old or fitted
    beside other rules, whoever proposed it, and whoever is no HR admin.
    """
    rules = open_rulebook(settings).risk
    with _opened(settings) as (database, vault):
        who = identified(database, vault, person, "risk.activate")

        def work(tx: Tx) -> Weights | str:
            waiting = _waiting(tx, vault)
            why = _unfit(waiting, proposal_id, who, rules)
            if waiting is None or why:
                audit.append(
                    tx, vault.keystore, who, "risk.activate", proposal_id, outcome="refused"
                )
                return why
            used = waiting.model_copy(
                update={
                    "confirmed_by": who.id,
                    "confirmed_name": who.name,
                    "confirmed_at": tx.now.isoformat(),
                }
            )
            _keep(tx, vault, BEFORE, weights_kept(tx, vault, WEIGHTS_USED))
            _keep(tx, vault, WEIGHTS_USED, used)
            _keep(tx, vault, PROPOSAL, None)
            audit.append(tx, vault.keystore, who, "risk.activate", used.id)
            return used

        found = database.submit(work).result()
    if isinstance(found, str):
        raise Unfit(found)
    return found


def _unfit(waiting: Weights | None, asked: str, who: Viewer, rules: Rules) -> str:
    if waiting is None or not hmac.compare_digest(waiting.id.encode(), asked.encode()):
        return "没有等待确认的这一份权重（7 天后自动失效）"
    if waiting.by == who.id:
        return "提交的人不能自己确认：请另一位 HR 管理员来确认"
    if waiting.experts != weights.digest(rules):
        return "config/risk/ 里的权重在这之后改过，请重新拟合"
    return ""


def restore(settings: Settings, person: Person) -> Weights | None:
    """Go back to the weights before; None: those the experts wrote. Raises ``Unfit``."""
    with _opened(settings) as (database, vault):
        who = identified(database, vault, person, "risk.restore")

        def work(tx: Tx) -> tuple[Weights | None, bool]:
            if not users.setting(tx, WEIGHTS_USED) and not users.setting(tx, BEFORE):
                return None, False
            used, before = (_sound(tx, vault, name) for name in (WEIGHTS_USED, BEFORE))
            _keep(tx, vault, WEIGHTS_USED, before)
            _keep(tx, vault, BEFORE, used)
            now = before.id if before else "experts"
            audit.append(tx, vault.keystore, who, "risk.restore", now)
            return before, True

        found, done = database.submit(work).result()
    if not done:
        raise Unfit("还没有启用过拟合的权重")
    return found


def in_use(settings: Settings) -> Weights | None:
    """The weights in use; None: those the experts wrote."""
    with _opened(settings) as (database, vault):
        return database.submit_read(lambda tx: weights_kept(tx, vault, WEIGHTS_USED)).result()


# --- who it is ------------------------------------------------------------------------------------


def identified(database: Database, vault: Vault, person: Person, action: str) -> Viewer:
    """The HR admin behind a login, a password and a one-time code. Failures count like those of the
    sign-in page. Raises ``Unfit``, the same for whatever was wrong."""
    account = _account(vault, person.login)

    def known(tx: Tx) -> tuple[Any, timedelta]:
        count, last = users.failures(tx, account, within=ACCOUNT_WINDOW)
        wait = last + credentials.lockout_delay(count) - tx.now if last else timedelta(0)
        return users.by_login(tx, person.login), wait

    row, wait = database.submit_read(known).result()
    if wait > timedelta(0):
        raise Unfit(f"尝试次数太多，请 {-(-int(wait.total_seconds()) // 60)} 分钟后再试")
    stored = row.password_hash if row is not None else None
    right = credentials.verify_password(stored, person.password)

    def work(tx: Tx) -> Viewer | None:
        found = users.by_login(tx, person.login) if right else None
        if found is None or found.totp_sealed is None or not _used_up(tx, vault, found, person):
            users.failed(tx, [account])
            if row is not None:
                failed = Viewer(id=row.id, name=row.name, role=Role(row.role))
                audit.append(tx, vault.keystore, failed, action, "weights", outcome="refused")
            return None
        users.forgive(tx, account)
        return Viewer.of_user(found.id, found.name, Role(found.role))

    viewer = database.submit(work).result()
    if viewer is None:
        raise Unfit("登录名、密码或动态验证码不对")
    if viewer.role is not Role.HR_ADMIN:
        raise Unfit("只有 HR 管理员可以提交、确认或恢复权重")
    return viewer


def _used_up(tx: Tx, vault: Vault, row: Any, person: Person) -> bool:
    """Whether the one-time code is right and was not used before."""
    secret = unseal(vault.system, row.totp_sealed, TOTP, row.id)
    step = credentials.check_totp(secret, person.code, datetime.now(UTC), row.totp_step)
    return step is not None and users.take_totp_step(tx, row.id, step)


def _account(vault: Vault, login: str) -> str:
    """What failed sign-ins of a login are counted under, here and on the sign-in page."""
    key = crypto.derive(vault.keystore, "web-login")
    return hmac.new(key, login.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


# --- what is kept ---------------------------------------------------------------------------------


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Database, Vault]]:
    database, vault = open_storage(settings, shared=True)
    try:
        yield database, vault
    finally:
        database.close()


def _keep(tx: Tx, vault: Vault, name: str, kept: Weights | None) -> None:
    token = seal(vault.system, kept.model_dump_json(), WEIGHTS_PLACE, name) if kept else ""
    if len(token) > MOST_KEPT:
        raise Unfit(f"规则太多，权重放不下（{len(token)} > {MOST_KEPT}）")
    users.set_setting(tx, name, token)


def _sound(tx: Tx, vault: Vault, name: str) -> Weights | None:
    """Kept weights; None also for those somebody changed: nobody goes back to them."""
    try:
        return weights_kept(tx, vault, name)
    except NotReady:
        return None


def _waiting(tx: Tx, vault: Vault) -> Weights | None:
    kept = weights_kept(tx, vault, PROPOSAL)
    return kept if kept and datetime.fromisoformat(kept.at) + LIFE > tx.now else None


def changes(made: Mapping[str, float], rules: Rules) -> list[tuple[str, float, float]]:
    """Rule, points before, points after; the largest change first."""
    found = [(name, rules[name].adds, adds) for name, adds in made.items() if name in rules]
    return sorted(found, key=lambda one: -abs(one[2] - one[1]))
