"""What HR reads beside a message that did not arrive, and which page mends what is wrong."""

from __future__ import annotations

WORDS = {
    "address": "这不是一个企业微信地址，无法发送",
    "busy": "企业微信要求放慢发送速度",
    "down": "企业微信暂时无法服务",
    "file": "附件已无法从企业微信下载（平台只保存三天）",
    "group": "设置里没有这个群机器人（YINUO_WECOM__ROBOTS）",
    "invalid": "该成员不在应用的可见范围内、未激活或已离职："
    "在「应用管理 → 自建应用 → 可见范围」核对",
    "network": "连不上企业微信，请检查网络或代理",
    "no_answer": "消息已发出，但没有收到企业微信的回应，可能已送达",
    "no_callback": "收不到任何消息：在「应用管理 → 自建应用 → 接收消息 → 设置API接收」取得 Token "
    "和 EncodingAESKey，填入 YINUO_WECOM__TOKEN 和 YINUO_WECOM__ENCODING_AES_KEY",
    "often": "该成员或群一分钟内的消息已到平台上限，稍后自动发送",
    "refused": "企业微信拒绝了这条消息",
    "silent": "企业微信没有回应，或回应的不是企业微信，请检查网络或代理",
    "token": "企业微信不认应用的凭证，请核对 YINUO_WECOM__SECRET",
    "login": "企业微信登录已失效，请重新打开邀请链接",
    "outsider": "您不是本企业在企业微信里的成员，请换公司的企业微信账号再试",
    "servicer": "该同事不是这个客服账号的接待人员或未在接待，请另选一位",
    "state": "会话当前的状态不允许这样转接，请刷新后再试",
}

#: Messages that wait until the person writes, by errcode.
HELD = {
    95001: "对方上一条消息之后已发满平台允许的条数。对方再次开口后自动发出",
    95002: "距对方上一条消息已超过 48 小时。对方再次开口后自动发出；也可以换电话或邮件联系",
    95013: "会话已经结束。对方再次开口后自动发出",
    95031: "对方 48 小时内没有动静。对方再次开口后自动发出；也可以换电话或邮件联系",
}
#: 95018 says only that the state forbids it; these say which state it was, by its number.
STATES = {
    2: "会话在微信客服的待接入池中，平台不允许自动发送。同事接入后请在企业微信里回复",
    3: "会话正由同事在企业微信里接待，平台不允许自动发送。请在企业微信里回复",
    4: "对方还没有开口，或会话已结束，平台不允许主动发送。对方开口后自动发出",
}
FORBIDDEN = "会话当前的状态不允许发送。对方再次开口后自动发出"

#: What only a person can mend, and where, by errcode.
CONSOLE = {
    40001: "应用的 Secret 不对：在「应用管理 → 自建应用」重新查看 Secret，填入 YINUO_WECOM__SECRET",
    40013: "企业 ID 不对：在「我的企业 → 企业信息」底部复制，填入 YINUO_WECOM__CORP_ID",
    40091: "应用的 Secret 不对：在「应用管理 → 自建应用」重新查看 Secret，填入 YINUO_WECOM__SECRET",
    40056: "AgentId 不对：在「应用管理 → 自建应用」查看 AgentId，填入 YINUO_WECOM__AGENT_ID",
    41004: "没有填应用的 Secret（YINUO_WECOM__SECRET）",
    43009: "企业未认证，不能继续使用：在「我的企业 → 企业信息」完成认证",
    48002: "应用没有微信客服的权限："
    "在「微信客服 → API → 可调用接口的应用」勾选这个应用，并把客服账号分配给它",
    50001: "网页授权域名未登记：在「应用管理 → 自建应用 → 网页授权及JS-SDK」设置可信域名",
    50003: "应用已停用：在「应用管理 → 自建应用」重新启用",
    60011: "应用看不到这个对象：在「应用管理 → 自建应用 → 可见范围」加入",
    60020: "服务器的 IP 不在名单里：在「应用管理 → 自建应用 → 企业可信IP」加入",
    95003: "企业未认证，接待人数已到上限：在「我的企业 → 企业信息」完成认证",
    95011: "微信客服已切换为其他接待方式：在「微信客服 → API」改回由企业系统接待",
    95012: "微信客服未开启 API：在「微信客服 → API」开启",
    95017: "微信客服的 API 已关闭：在「微信客服 → API」开启",
    95023: "微信客服的接口权限已关闭：在「微信客服 → API」开启",
    301002: "AgentId 与 Secret 不是同一个应用的："
    "在「应用管理 → 自建应用」核对，填入 YINUO_WECOM__AGENT_ID",
}
#: What will never work, by errcode.
REFUSED = {
    40003: WORDS["invalid"],
    40096: "企业微信不认识这位联系人",
    46004: "通讯录里没有这个手机号",
    60111: WORDS["invalid"],
    81013: WORDS["invalid"],
    82001: WORDS["invalid"],
    84061: "与这位联系人已没有关系",
    93000: "群机器人的 key 不对，请在群设置里重新复制 Webhook 地址",
    93004: "群机器人已停用",
    93008: "群机器人已不在群里",
    95000: "客服账号的 ID 不对（YINUO_WECOM__OPEN_KFIDS）",
    95004: "客服账号不存在（YINUO_WECOM__OPEN_KFIDS）",
    95014: WORDS["servicer"],
    95016: WORDS["state"],
    95019: WORDS["servicer"],
}
