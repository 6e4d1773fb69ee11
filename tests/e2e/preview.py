"""Photograph every page in real Chromium, under the product's content security policy.

    python -m tests.e2e.preview FOLDER [NAME ...]

Writes FOLDER/<name>-<width>[-en|-dark].png at 1280 and 390 pixels. Exit 1 when a page wrote
to the browser's console (a refused script or style does) or is wider than its window.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from bot.web.pages import STATIC_DIR, Pages
from tests.e2e.alert_record_samples import alert_record_samples
from tests.e2e.alert_samples import alert_samples
from tests.e2e.copy_samples import copy_samples
from tests.e2e.entry_samples import entry_samples
from tests.e2e.offer_samples import offer_samples
from tests.e2e.owed_samples import owed_samples
from tests.e2e.record_samples import record_samples
from tests.e2e.review_samples import review_samples
from tests.e2e.samples import console_samples
from tests.e2e.sampling import ZONE, Sample
from tests.e2e.sheets_samples import sheets_samples
from tests.e2e.survey_samples import survey_samples

ROOT: Final = Path(__file__).resolve().parents[2]
CHROMIUM: Final = "/usr/bin/chromium"
ARGS: Final = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'"
)
WIDTHS: Final = (1280, 390)
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
RECORD: Final = ("record", "record-steps", "match", "risk", "outcome", "resume", "merge-preview")
DARK: Final = (
    *RECORD,
    "alert",
    "alerts",
    "alert-record",
    "review",
    "owed",
    "candidate",
    "chat",
    "chat-files",
    "positions-edit",
    "signin",
    "join",
    "sheets-trial",
    "surveys-refused",
    "offers",
    "pledge",
    "survey",
    "responses",
)
ENGLISH: Final = (
    *RECORD,
    "alert",
    "alert-put-off",
    "alerts",
    "alert-record",
    "review",
    "review-form",
    "owed",
    "candidate",
    "candidates",
    "sheets-trial",
    "settings",
    "signin",
    "chat",
    "join",
    "offers",
    "responses",
)


def handler(pages: dict[str, str]) -> type[BaseHTTPRequestHandler]:
    """Serve rendered pages, static files and silent event streams."""

    class Preview(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            static = STATIC_DIR / path.removeprefix("/static/")
            if path.endswith("/events"):
                self.answer(b"retry: 600000\n\n", "text/event-stream")
            elif path.endswith("/messages"):
                self.answer(b'{"items": []}', "application/json")
            elif path.startswith("/static/") and static.is_file():
                self.answer(static.read_bytes(), TYPES.get(static.suffix, "text/plain"))
            elif path == "/console/review":  # the counts, which every page asks for
                self.answer(b"<p></p>", "text/html; charset=utf-8")
            elif path in pages:
                self.answer(pages[path].encode(), "text/html; charset=utf-8")
            else:
                self.send_error(404)

        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Preview


@contextmanager
def serving(pages: dict[str, str]) -> Iterator[str]:
    """The address of a server for ``pages`` (path -> HTML) on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(pages))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def variants(sample: Sample) -> list[tuple[str, str, str]]:
    """(suffix, language, colour scheme) in which a page is photographed."""
    wanted = [("", "zh", "light")]
    if sample.name in DARK:
        wanted.append(("-dark", "zh", "dark"))
    if sample.name in ENGLISH:
        wanted.append(("-en", "en", "light"))
    return wanted


def photograph(browser: Browser, address: str, path: str, scheme: Any, target: Path) -> list[str]:
    """Take both widths of one page. Returns what was wrong with it."""
    wrong: list[str] = []
    for width in WIDTHS:
        context = browser.new_context(
            viewport={"width": width, "height": 844 if width < 500 else 860},
            color_scheme=scheme,
            device_scale_factor=2 if width < 500 else 1,
            has_touch=width < 500,
        )
        page = context.new_page()
        page.on("console", lambda said: wrong.append(f"{path}: {said.text}"))
        page.on("pageerror", lambda error: wrong.append(f"{path}: {error}"))
        page.goto(address + path, wait_until="load")
        page.wait_for_timeout(150)
        page.screenshot(
            path=target.with_name(f"{target.name}-{width}.png"),
            full_page=True,
        )
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        if overflow > 0:
            wrong.append(f"{path} at {width}: {overflow} pixels too wide")
        wrong.extend(f"{path} at {width}: small target {name}" for name in small(page, width))
        context.close()
    return wrong


def small(page: Any, width: int) -> list[str]:
    """On a phone: buttons, fields and tabs less than 44 pixels high."""
    if width > 500:
        return []
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(
               'button, input:not([type=hidden]), select, textarea, summary, nav a, .btn, .more')]
             .filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 43.5
                          && !e.closest('.hidden-words, .skip-link'))
             .map(e => e.tagName + ' ' + (e.textContent.trim() || e.name)
                       + ' ' + e.getBoundingClientRect().height)"""
    )
    return found


def main(arguments: list[str]) -> int:
    """Photograph all pages, or those named."""
    if not arguments:
        print(__doc__)
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    templates = Pages(ROOT / "config" / "words", ZONE)
    rendered: dict[str, str] = {}
    plan: list[tuple[str, str, Path]] = []
    for sample in [
        *entry_samples(),
        *console_samples(),
        *alert_samples(),
        *review_samples(),
        *alert_record_samples(),
        *owed_samples(),
        *offer_samples(),
        *copy_samples(),
        *survey_samples(),
        *record_samples(),
        *sheets_samples(),
    ]:
        if arguments[1:] and sample.name not in arguments[1:]:
            continue
        for suffix, language, scheme in variants(sample):
            shell = replace(sample.context["shell"], language=language)
            path = f"/page/{sample.name}{suffix}"
            rendered[path] = templates.render(
                sample.template, language=language, **{**sample.context, "shell": shell}
            )
            plan.append((path, scheme, folder / f"{sample.name}{suffix}"))
    wrong: list[str] = []
    with serving(rendered) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        for path, scheme, target in plan:
            wrong += photograph(browser, address, path, scheme, target)
        browser.close()
    print("\n".join(wrong) or f"{len(plan)} pages, nothing wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
