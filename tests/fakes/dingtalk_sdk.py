"""The official `dingtalk-stream` client in a process of its own, told what to do by messages.

    DINGTALK_OPENAPI_ENDPOINT=API_BASE python -m tests.fakes.dingtalk_sdk CLIENT_ID CLIENT_SECRET

It blocks its loop while it calls, so it cannot live in the process of whoever answers it. Each
line on stdout is one JSON object with what its classes made of what came.
"""

import argparse
import json
from typing import Any

import dingtalk_stream as sdk  # type: ignore[import-untyped]
import requests

from tests import outside


def tell(**fields: Any) -> None:
    print(json.dumps(fields, ensure_ascii=False), flush=True)


class Client(sdk.DingTalkStreamClient):  # type: ignore[misc]
    """The client, which does not look for a way out."""

    def get_host_ip(self) -> str:
        return "127.0.0.1"  # the original asks the route to a public address


class Robot(sdk.ChatbotHandler):  # type: ignore[misc]
    """Says what it read; some texts are orders."""

    async def process(self, callback: Any) -> tuple[int, str]:
        message = sdk.ChatbotMessage.from_dict(callback.data)
        texts = message.get_text_list()
        tell(
            saw="message",
            kind=message.message_type,
            text=texts,
            sender=message.sender_staff_id,
            conversation=message.conversation_type,
            at=[user.to_dict() for user in message.at_users],
            extra=message.extensions,
        )
        self._obey(message, "".join(texts or []).strip())
        return sdk.AckMessage.STATUS_OK, "OK"

    def _obey(self, message: Any, order: str) -> None:
        if order == "reply":
            tell(saw="answer", answer=self.reply_text("收到", message))
            tell(saw="answer", answer=self.reply_markdown("标题", "**收到**", message))
        elif order == "card":
            self.card = self.reply_markdown_card("第一版", message, title="卡片")
            self.card.update("第二版")
            tell(saw="card", id=self.card.card_instance_id)
        elif order == "ai":
            card = self.reply_ai_markdown_button(message, "完成", [{"text": "好"}])
            tell(saw="card", id=card.card_instance_id)
        elif order == "deliver":
            card = sdk.CardReplier(self.dingtalk_client, message)
            tell(saw="card", id=card.create_and_deliver_card("alert.schema", {"who": "甲"}))
        elif order == "raise":
            raise RuntimeError("a handler that fails")
        for code in message.get_image_list() or []:
            url = self.get_image_download_url(code)
            tell(saw="file", size=len(requests.get(url, timeout=5).content))


class Cards(sdk.CallbackHandler):  # type: ignore[misc]
    """Answers every press with a change for all and one for who pressed."""

    async def process(self, callback: Any) -> tuple[int, Any]:
        press = sdk.CardCallbackMessage.from_dict(callback.data)
        tell(saw="press", user=press.user_id, card=press.card_instance_id, got=press.content)
        return sdk.AckMessage.STATUS_OK, {
            "cardUpdateOptions": {"updateCardDataByKey": True},
            "cardData": {"cardParamMap": {"status": "done"}},
            "userPrivateData": {"cardParamMap": {"mine": "pressed"}},
        }


class Events(sdk.EventHandler):  # type: ignore[misc]
    """Takes every event."""

    async def process(self, event: Any) -> tuple[int, str]:
        tell(saw="event", kind=event.headers.event_type, id=event.headers.event_id)
        return sdk.AckMessage.STATUS_OK, "OK"


def main() -> None:
    """Connect and serve until killed."""
    parser = argparse.ArgumentParser(prog="tests.fakes.dingtalk_sdk", description=__doc__)
    parser.add_argument("client_id")
    parser.add_argument("client_secret")
    asked = parser.parse_args()
    outside.block()
    client = Client(sdk.Credential(asked.client_id, asked.client_secret))
    client.register_callback_handler(sdk.ChatbotMessage.TOPIC, Robot())
    client.register_callback_handler(sdk.CallbackHandler.TOPIC_CARD_CALLBACK, Cards())
    client.register_all_event_handler(Events())
    client.start_forever()


if __name__ == "__main__":
    main()
