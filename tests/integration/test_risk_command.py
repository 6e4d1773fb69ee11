"""``yinuo risk``: figures on a file, and fitted weights that take two HR admins."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyotp
import pytest
from typer.testing import CliRunner, Result

from bot import app, calibrating, doctor
from bot.cli import cli
from bot.errors import BotError, NotReady
from bot.risk.weights import Weights, applied
from bot.web import credentials
from bot.web.passwords import hash_password
from bot.web.signin import TOTP
from config.settings import Settings
from storage.database import Tx
from storage.enums import Role
from storage.queries import audit, users
from storage.vault import seal
from tests.builders import a_rulebook

PASSWORD = "correct horse battery 一诺"
RULES = ("silence", "pay_first", "late_step")
HASHED = hash_password(PASSWORD)


def drawn(path: Path, count: int, *, strong: float = 2.0) -> Path:
    """A file whose outcomes hang on ``pay_first`` alone."""
    chance = np.random.default_rng(3)
    rules = a_rulebook().risk
    lines = ["id,outcome,on_day," + ",".join(RULES)]
    for n in range(count):
        held = chance.random(len(RULES)) < 0.35
        broken = chance.random() < 1 / (1 + np.exp(2.0 - strong * 2 * held[1]))
        day = date(2026, 1, 1) + timedelta(days=n // 4)
        values = [f"{rules[r].adds:g}" if h else "" for r, h in zip(RULES, held, strict=True)]
        lines.append(f"c{n},{'reneged' if broken else 'joined'},{day},{','.join(values)}")
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


class House:
    """An installation, its people, and its command line."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.secrets: dict[str, str] = {}

    def write(self, work: Callable[[Tx], object]) -> object:
        database, _ = app.open_storage(self.settings, shared=True)
        try:
            return database.submit(work).result()
        finally:
            database.close()

    def user(self, login: str, role: Role = Role.HR_ADMIN) -> None:
        secret = self.secrets[login] = credentials.new_totp_secret()
        database, vault = app.open_storage(self.settings, shared=True)

        def work(tx: Tx) -> None:
            user_id = users.create_user(
                tx, login=login, name=f"姓名{login}", role=role, password_hash=HASHED
            )
            users.change_user(tx, user_id, totp_sealed=seal(vault.system, secret, TOTP, user_id))

        database.submit(work).result()
        database.close()

    def code(self, login: str) -> str:
        return pyotp.TOTP(self.secrets[login]).now()

    def fresh(self, login: str) -> None:
        """Let the code of this half minute be used again: a test does not wait for the next."""
        self.write(lambda tx: users.change_user(tx, users.by_login(tx, login).id, totp_step=None))

    def run(self, *argv: str, login: str = "", password: str = PASSWORD, code: str = "") -> Result:
        typed = f"{password}\n{code or self.code(login)}\n" if login else ""
        return CliRunner().invoke(cli, ["risk", *argv], input=typed)

    def used(self) -> Weights | None:
        return calibrating.in_use(self.settings)

    def weights_found(self) -> tuple[str, str]:
        """What ``yinuo doctor`` says of the weights in use."""
        database, _ = app.open_storage(self.settings, shared=True)
        try:
            [one] = [
                one for one in doctor._stored(self.settings, database) if one.what == "风险权重"
            ]
        finally:
            database.close()
        return one.state, one.found

    def actions(self) -> list[tuple[str, str]]:
        database, _ = app.open_storage(self.settings, shared=True)
        rows = database.submit_read(lambda tx: audit.page(tx, limit=50)).result()
        database.close()
        return [(row.action, row.outcome) for row in rows if row.action.startswith("risk.")]


@pytest.fixture
def house(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("YINUO_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("YINUO_DATABASE_URL", database_url)
    return House(Settings())


def failure(ran: Result) -> str:
    """What a refusal says."""
    assert ran.exit_code == 1
    assert isinstance(ran.exception, BotError), ran.exception
    return str(ran.exception)


def proposed(house: House, path: Path) -> str:
    """A proposal of ``ann``; its id."""
    ran = house.run("fit", str(path), "--propose", "ann", login="ann")
    assert ran.exit_code == 0, (ran.output, ran.exception)
    found = re.search(r"risk confirm (w_\S+)", ran.output)
    assert found is not None
    house.fresh("ann")
    return found[1]


def test_a_backtest_tells_figures_with_intervals_and_changes_nothing(
    house: House, tmp_path: Path
) -> None:
    path = drawn(tmp_path / "cases.csv", 400)
    ran = house.run("backtest", str(path))
    assert ran.exit_code == 0
    assert "400 个案例（2026-01-01 到 2026-04-10）" in ran.output
    assert re.search(r"AUC 0\.\d{3}（95% 区间 0\.\d{3} 到 0\.\d{3}）", ran.output)
    assert "pay_first" in ran.output
    found = json.loads(house.run("backtest", str(path), "--json").output)
    assert found["auc"]["low"] < found["auc"]["value"] < found["auc"]["high"]
    assert house.used() is None


def test_what_cannot_be_told_is_null_in_json(house: House, tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text("id,outcome,on_day,silence\na,joined,2026-01-01,\n", "utf-8")
    ran = house.run("backtest", str(path), "--json")
    assert "NaN" not in ran.output
    assert json.loads(ran.output)["auc"]["value"] is None


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"id,outcome,on_day,silence\na,gone,2026-03-01,\n", "第 2 行 outcome"),
        (b"id,outcome,on_day,mood\n", "不认识的列 mood"),
        (b"\xff\xfe\x00", "不是 UTF-8"),
        (b"", "缺少列 id"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    house: House, tmp_path: Path, data: bytes, says: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(data)
    for command in ("backtest", "fit"):
        assert says in failure(house.run(command, str(path)))
    assert "No such file" in failure(house.run("backtest", str(tmp_path / "none.csv")))


def test_too_few_outcomes_are_fitted_to_nothing(house: House, tmp_path: Path) -> None:
    path = drawn(tmp_path / "cases.csv", 120)
    assert "至少要 200 个结果" in failure(house.run("fit", str(path)))


def test_a_fit_alone_activates_nothing(house: House, tmp_path: Path) -> None:
    ran = house.run("fit", str(drawn(tmp_path / "cases.csv", 600)))
    assert ran.exit_code == 0
    assert "没有启用" in ran.output
    assert re.search(r"差   [+-]0\.\d{3}（95% 区间 [+-]0\.\d{3} 到 [+-]0\.\d{3}）", ran.output)
    assert (house.used(), calibrating.proposal(house.settings)) == (None, None)


def test_two_admins_take_weights_into_use_and_one_takes_them_back(
    house: House, tmp_path: Path
) -> None:
    for login in ("ann", "ben"):
        house.user(login)
    written = app.open_rulebook(house.settings).risk
    proposal = proposed(house, drawn(tmp_path / "cases.csv", 600))
    assert house.used() is None
    alone = house.run("confirm", proposal, "--by", "ann", login="ann")
    assert "不能自己确认" in failure(alone)
    assert house.used() is None
    ran = house.run("confirm", proposal, "--by", "ben", login="ben")
    assert ran.exit_code == 0, ran.exception
    assert "姓名ann 提交，姓名ben 确认" in ran.output
    assert "pay_first" in ran.output
    used = house.used()
    assert used is not None
    assert used.adds["pay_first"] > written["pay_first"].adds
    house.fresh("ben")
    again = house.run("confirm", proposal, "--by", "ben", login="ben")
    assert "没有等待确认的" in failure(again)
    # What decides goes by them after a restart, and rules without a fit keep their points.
    database, vault = app.open_storage(house.settings, shared=True)
    rules = app.weighed(app.open_rulebook(house.settings), database, vault).risk
    database.close()
    assert rules["pay_first"].adds == used.adds["pay_first"]
    assert rules["decline"] == written["decline"]
    assert "姓名ben" in house.run("weights").output
    state, found = house.weights_found()
    assert state == "ok"
    assert re.fullmatch(
        rf"用 600 个案例拟合的 {used.id}，\d{{4}}-\d\d-\d\d \d\d:\d\d 起；"
        "姓名ann 提交，姓名ben 确认",
        found,
    )
    house.fresh("ben")
    back = house.run("restore", "--by", "ben", login="ben")
    assert "已回到 专家写的权重" in back.output
    assert house.weights_found() == ("ok", "专家写的（config/risk/）")
    assert house.used() is None
    house.fresh("ben")
    assert f"已回到 {used.id}" in house.run("restore", "--by", "ben", login="ben").output
    assert house.used() == used
    assert house.actions()[::-1] == [
        ("risk.propose", "done"),
        ("risk.activate", "refused"),
        ("risk.activate", "done"),
        ("risk.activate", "refused"),
        ("risk.restore", "done"),
        ("risk.restore", "done"),
    ]


@pytest.mark.parametrize("wrong", ["password", "code", "login", "role", "used"])
def test_whoever_cannot_prove_it_confirms_nothing(house: House, tmp_path: Path, wrong: str) -> None:
    house.user("ann")
    house.user("ben", Role.HR if wrong == "role" else Role.HR_ADMIN)
    proposal = proposed(house, drawn(tmp_path / "cases.csv", 600))
    login = "nobody" if wrong == "login" else "ben"
    good = house.code("ben")
    if wrong == "used":
        step = credentials.check_totp(house.secrets["ben"], good, datetime.now(UTC), None)
        house.write(
            lambda tx: users.change_user(tx, users.by_login(tx, "ben").id, totp_step=step + 1)
        )
    ran = house.run(
        "confirm",
        proposal,
        "--by",
        login,
        login=login,
        password="wrong wrong wrong" if wrong == "password" else PASSWORD,
        code="000000" if wrong == "code" and good != "000000" else good,
    )
    said = failure(ran)
    assert said == (
        "只有 HR 管理员可以提交、确认或恢复权重"
        if wrong == "role"
        else "登录名、密码或动态验证码不对"
    )
    assert house.used() is None


def test_a_code_is_good_once(house: House, tmp_path: Path) -> None:
    house.user("ann")
    path, code = drawn(tmp_path / "cases.csv", 600), house.code("ann")
    first = house.run("fit", str(path), "--propose", "ann", login="ann", code=code)
    assert first.exit_code == 0
    again = house.run("fit", str(path), "--propose", "ann", login="ann", code=code)
    assert failure(again) == "登录名、密码或动态验证码不对"


def test_guessing_is_slowed_like_at_the_sign_in_page(house: House) -> None:
    house.user("ann")
    for _ in range(credentials.FREE_FAILURES):
        ran = house.run("restore", "--by", "ann", login="ann", password="wrong wrong wrong")
        assert "不对" in failure(ran)
    right = house.run("restore", "--by", "ann", login="ann")
    assert "尝试次数太多" in failure(right)


def test_a_proposal_ends_with_its_week_and_with_other_rules(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for login in ("ann", "ben"):
        house.user(login)
    proposal = proposed(house, drawn(tmp_path / "cases.csv", 600))
    changed = tmp_path / "config"
    (changed / "risk").mkdir(parents=True)
    rule = (Path(__file__).parents[2] / "config/risk/silence.yaml").read_text("utf-8")
    other = re.sub(r"(?m)^adds: .*$", "adds: 3", rule)
    (changed / "risk" / "silence.yaml").write_text(other, "utf-8")
    monkeypatch.setenv("YINUO_CONFIG_DIR", str(changed))
    late = house.run("confirm", proposal, "--by", "ben", login="ben")
    assert "改过，请重新拟合" in failure(late)
    monkeypatch.delenv("YINUO_CONFIG_DIR")
    monkeypatch.setattr(calibrating, "LIFE", timedelta(0))
    house.fresh("ben")
    assert "没有等待" in failure(house.run("confirm", proposal, "--by", "ben", login="ben"))
    assert house.used() is None


def test_weights_changed_in_the_database_are_refused_and_can_be_left(
    house: House, tmp_path: Path
) -> None:
    for login in ("ann", "ben"):
        house.user(login)
    proposal = proposed(house, drawn(tmp_path / "cases.csv", 600))

    def forge(tx: Tx) -> None:
        kept = users.setting(tx, "risk.proposal")
        users.set_setting(tx, app.WEIGHTS_USED, kept)  # sealed for another place

    house.write(forge)
    with pytest.raises(NotReady, match="被改动过"):
        house.used()
    ran = house.run("restore", "--by", "ben", login="ben")
    assert "专家写的权重" in ran.output
    assert house.used() is None
    assert proposal


def test_weights_stay_within_what_a_rule_may_add() -> None:
    rules = a_rulebook().risk
    kept = Weights(
        id="w_1",
        adds={"silence": 1e9, "gone": 5.0},
        experts="",
        cases=1,
        better=(0, 0, 0),
        by="",
        by_name="",
        at="",
    )
    found = applied(rules, kept)
    assert found["silence"].adds == 100
    assert set(found) == set(rules)


def test_doctor_says_when_weights_are_older_than_the_rules_or_were_tampered_with(
    house: House,
) -> None:
    house.user("ann")
    used = Weights(
        id="w_1", adds={"silence": 5.0}, experts="0" * 16, cases=300, better=(0.1, 0.0, 0.2),
        by="u_1", by_name="姓名ann", at="2026-11-01T01:00:00+00:00", confirmed_by="u_2",
        confirmed_name="姓名ben", confirmed_at="2026-11-02T01:00:00+00:00",
    )  # fmt: skip
    database, vault = app.open_storage(house.settings, shared=True)
    sealed = seal(vault.system, used.model_dump_json(), app.WEIGHTS_PLACE, app.WEIGHTS_USED)
    database.close()
    house.write(lambda tx: users.set_setting(tx, app.WEIGHTS_USED, sealed))
    state, found = house.weights_found()
    assert (state, "2026-11-02 09:00 起" in found) == ("warn", True)
    house.write(lambda tx: users.set_setting(tx, app.WEIGHTS_USED, sealed[:-4] + "AAAA"))
    state, found = house.weights_found()
    assert (state, "被改动过" in found) == ("fail", True)
