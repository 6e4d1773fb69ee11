"""Refusals in the platform's own words."""

from typing import Any


class ApiError(Exception):
    """An answer with `ok: false`; the HTTP status equals the code."""

    def __init__(
        self, code: int, description: str, parameters: dict[str, Any] | None = None
    ) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters or {}

    def body(self) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        return answer | ({"parameters": self.parameters} if self.parameters else {})


def bad(description: str) -> ApiError:
    """A 400 with Telegram's prefix."""
    return ApiError(400, f"Bad Request: {description}")
