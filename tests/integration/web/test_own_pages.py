"""``/f/{token}``: whatever a link opens, one address asks no more than its pace."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.web.limits import Buckets
from storage.enums import InvitePurpose
from tests.integration.web.conftest import running


@pytest.mark.parametrize("purpose", [None, *InvitePurpose])
async def test_a36_a_call_is_counted_once(
    sqlite_url: str, tmp_path: Path, purpose: InvitePurpose | None
) -> None:
    pace = Buckets(rate=0.01, burst=3)
    async with running(sqlite_url, tmp_path, join_pace=pace) as office:
        token = "x" * 43
        if purpose in (InvitePurpose.PLEDGE, InvitePurpose.DATA, InvitePurpose.SURVEY):
            candidate = await office.candidate()
            token = await office.link(purpose, candidate_id=candidate)
        seen = [(await office.http.get(f"/f/{token}")).status_code for _ in range(3)]
        assert 429 not in seen
        assert (await office.http.get(f"/f/{token}")).status_code == 429


@pytest.mark.parametrize("token", ["x", "x" * 65, "x" * 42 + "é"])
async def test_what_is_no_token_is_not_there(sqlite_url: str, tmp_path: Path, token: str) -> None:
    async with running(sqlite_url, tmp_path, alone=True) as office:
        assert (await office.http.get(f"/f/{token}")).status_code == 404
