"""A candidate's pages over HTTP with a million messages in the database: p50 and p95."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import httpx2

from bot.app import open_storage
from bot.web import credentials
from bot.web.signin import TOTP
from config.settings import Settings
from storage.database import Database, Tx
from storage.enums import Role
from storage.queries import users
from storage.vault import Vault, seal
from tests.benchmarks import million
from tests.benchmarks.databases import postgres_url
from tests.builders import a_rulebook
from tests.integration.house import house
from tests.loopback import NO_TLS

PAGES = ("", "/record", "/risk", "/match")
CALLS = 100


def run(messages: int = million.MESSAGES) -> None:
    """Print the figures of both databases."""
    measure("SQLite", "", messages)
    with postgres_url() as new_database:
        measure("PostgreSQL", new_database(), messages)


def measure(name: str, url: str, messages: int) -> None:
    """Print the figures of one empty database."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        database, vault = open_storage(Settings(data_dir=data, database_url=url))
        began = time.perf_counter()
        try:
            found = million.fill(database, vault, a_rulebook(), messages=messages)
            cookie = _signed_in(database, vault)
        finally:
            database.close()
        print(f"{name}: {messages} messages in {time.perf_counter() - began:.0f} s", flush=True)
        with house(data, url) as made:
            made.start("server")
            made.wait_ready(120)
            with httpx2.Client(
                base_url=made.base_url, cookies={"sid": cookie}, timeout=60, verify=NO_TLS
            ) as http:
                for page in PAGES:
                    path = f"/console/candidates/{found.id}{page}"
                    print(f"{name}: {_page(http, path, made.running['server'].pid)}", flush=True)


def _page(http: httpx2.Client, path: str, server: int) -> str:
    took, used = [], 0.0
    for number in range(CALLS + 5):
        if number == 5:
            used = _processor_s(server)
        began = time.perf_counter()
        answer = http.get(path)
        took.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")
    used = (_processor_s(server) - used) * 1000 / CALLS
    first, later = took[0], sorted(took[5:])
    what = path.split("/", 4)[4:] or ["profile"]
    return (
        f"{what[0]}: p50 {later[CALLS // 2]:.1f} ms, p95 {later[int(CALLS * 0.95)]:.1f} ms, "
        f"worst {later[-1]:.0f} ms, first {first:.0f} ms; processor of the server {used:.1f} ms "
        f"a call ({len(answer.content) // 1024} kB)"
    )


def _processor_s(pid: int) -> float:
    """Seconds a process has computed: what a busy machine changes least."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _signed_in(database: Database, vault: Vault) -> str:
    cookie, digest = credentials.new_token()

    def work(tx: Tx) -> None:
        user_id = users.create_user(tx, login="bench", name="林溪", role=Role.HR)
        sealed = seal(vault.system, "A" * 32, TOTP, user_id)
        users.change_user(tx, user_id, totp_sealed=sealed)
        users.open_session(
            tx,
            token_hash=digest,
            user_id=user_id,
            lifetime=timedelta(hours=8),
            agent="bench",
            most=3,
        )

    database.submit(work).result()
    return cookie


if __name__ == "__main__":
    run(*map(int, sys.argv[1:]))
