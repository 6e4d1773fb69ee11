"""Contents of messages that customers can send, one for each type the documents describe."""

from typing import Any

#: Besides text and media, which a Customer sends as real bytes.
SAMPLES: dict[str, Any] = {
    "location": {"latitude": 39.9, "longitude": 116.4, "name": "Office", "address": "1 Road"},
    "link": {"title": "t", "desc": "d", "url": "https://e.example", "pic_url": "https://e.example"},
    "business_card": {"userid": "lisi"},
    "miniprogram": {"title": "t", "appid": "wx1", "pagepath": "p", "thumb_media_id": "MID"},
    "msgmenu": {
        "head_content": "h",
        "list": [{"type": "click", "click": {"id": "1", "content": "Yes"}}],
        "tail_content": "t",
    },
    "merged_msg": {
        "title": "t",
        "item": [
            {
                "send_time": 1700000000,
                "msgtype": "text",
                "sender_name": "A",
                "msg_content": '{"msgtype":"text","text":{"content":"x"}}',
            }
        ],
    },
    "channels": {"sub_type": 1, "nickname": "n", "title": "t"},
    "channels_shop_product": {
        "product_id": "1",
        "head_img": "https://e.example",
        "title": "t",
        "sales_price": 0,
        "shop_nickname": "s",
        "shop_head_img": "https://e.example",
    },
    "channels_shop_order": {
        "order_id": "1",
        "product_titles": "t",
        "price_wording": "1",
        "state": "s",
        "image_url": "https://e.example",
        "shop_nickname": "s",
    },
}
