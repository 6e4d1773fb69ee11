"""The same server and endpoint with storing taken out: what the acknowledgement is compared to.

``python -m tests.benchmarks.echo`` reads the same environment as ``yinuo serve``.
"""

from __future__ import annotations

from bot import logs, serving
from bot.app import build
from bot.messages import Received
from config.settings import load
from storage.queries.intake import Stored


class OpenDoor:
    """Verifies and decodes like the real one, and keeps nothing."""

    async def accept(self, received: Received) -> list[Stored]:
        return []

    async def close(self) -> None:
        return None


def main() -> None:
    settings = load()
    logs.configure("WARNING")
    door = serving.listen(settings)
    app = build(settings)
    app.door = OpenDoor()  # type: ignore[assignment]
    serving.serve(app, door, lambda: None)


if __name__ == "__main__":
    main()
