"""The pages outside the console: setting up, signing in, joining, and the candidate's chat."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import get_args

from bot.web import public_views as public
from bot.web.consent_views import PrivacyItem, PrivacyPage, PrivacyPart
from tests.e2e.sampling import COMPANY, EVIL, NOW, Sample, ago, qr, shell

OUTSIDE = replace(shell(), viewer=None)


BUTTONS = (
    public.ChatButton(label="已经约好", value="已经约好"),
    public.ChatButton(label="还没约", value="还没约"),
    public.ChatButton(label="有问题，转人工", value="转人工"),
)


CHAT = public.ChatPage(
    base="/chat/token", company=COMPANY, position="后端工程师 · 杭州",
    messages=(
        public.ChatMessage(id="1", direction="out", author="bot", at=ago(days=1, hours=4),
            text="您好，我是远山科技的招聘助手（自动程序，非真人）。"
                 "我会帮您记着入职前的几件事，也会把您的问题及时转给招聘同事。\n"
                 "您同意我们保存这里的聊天记录吗？",
            buttons=()),
        public.ChatMessage(id="2", direction="in", author="candidate", text="同意",
            at=ago(days=1, hours=3, minutes=58)),
        public.ChatMessage(id="3", direction="out", author="hr", name="王敏",
            at=ago(hours=1), text="三丰你好，我是王敏。入职材料清单已经发到你邮箱了，收到了吗？"),
        public.ChatMessage(id="4", direction="in", author="candidate", at=ago(minutes=40),
            text="收到啦，谢谢王姐。体检报告要原件吗？"),
        public.ChatMessage(id="5", direction="out", author="bot", at=ago(minutes=39),
            text="体检报告带复印件即可，入职当天交给前台。体检约好了吗？",
            buttons=BUTTONS),
    ),
    accept="image/png,.png,application/pdf,.pdf",
)  # fmt: skip


FILED = replace(
    CHAT,
    messages=(
        *CHAT.messages[:4],
        replace(CHAT.messages[4], answered=True, chosen="还没约"),
        public.ChatMessage(
            id="6", direction="in", author="candidate", text="还没约", at=ago(minutes=30)
        ),
        public.ChatMessage(
            id="7",
            direction="in",
            author="candidate",
            at=ago(minutes=20),
            text="[文件] 张三丰-简历-2026年11月（最新版）.pdf",
            files=(
                public.ChatFile(
                    kind="file", name="张三丰-简历-2026年11月（最新版）.pdf", size=1_360_000
                ),
            ),
        ),
        public.ChatMessage(
            id="8",
            direction="in",
            author="candidate",
            at=ago(minutes=19),
            text="[图片] 体检预约单.jpg",
            files=(public.ChatFile(kind="image", name="体检预约单.jpg", size=345_000),),
        ),
    ),
    refused="这个文件超过 10 MB，放不下。请压缩后再发，或发到 HR 的邮箱。",
)


CODES = tuple(f"{n:02d}kf-w7qm-x2vd-9rtc-h4zb-p6sj-{n:02d}" for n in range(1, 11))


PRIVACY = PrivacyPage(
    parts=(
        PrivacyPart(title="我是谁", text=f"您好，我是{COMPANY}的招聘助手（自动程序，非真人）。"),
        PrivacyPart(title="您的权利", text="可随时发送下面的词。", points=("我的数据", EVIL)),
    ),
    items=(
        PrivacyItem(
            name="薪资证明",
            lines=(("purpose", "核对您提供的薪资。"), ("period", "决定后 30 天删除。")),
            note="不提供不影响应聘。",
        ),
    ),
    version="878af2b4a06a",
)


JOININGS: tuple[public.Joining, ...] = get_args(public.Joining)


def stands(kind: public.Joining) -> public.JoinPage:
    """What came of an invite."""
    again = "/join/dingtalk/t" if kind in ("unfinished", "refused", "later") else ""
    reason = "您不是本企业在钉钉里的成员，请换公司的钉钉账号再试" if kind == "refused" else ""
    return public.JoinPage(kind=kind, channel="dingtalk", reason=reason, again_url=again)


def entry_samples() -> list[Sample]:
    """Pages outside the console."""
    totp = public.TotpPage(
        action="/setup/t/totp",
        account="wangmin",
        qr=qr("otpauth://totp/Yinuo:wangmin?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Yinuo"),
        secret="JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
    )
    setup = public.SetupPage(action="/setup/t")
    invited = replace(setup, company=COMPANY, name="王磊", login="wanglei", invited=True)
    bad = public.SetupPage(
        action="/setup/t",
        company=COMPANY,
        name="王敏",
        login="wangmin",
        errors={"password": "密码包含登录名，请换一个。"},
    )
    saved = public.RecoveryPage(login="wangmin", codes=CODES, next_url="/console/alerts")
    invite = public.JoinPage(
        kind="invite",
        channel="wecom",
        name="王敏",
        staff=True,
        inside=True,
        sign_in_url="https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww1",
        expires_at=NOW + timedelta(days=1),
        refresh_s=240,
    )
    newcomer = replace(invite, channel="feishu", name=EVIL, staff=False, inside=False)
    lost = public.ErrorPage(status=404, request_id="", home="", chat=True)
    refused = replace(CHAT, refused="发得有点快，请稍等片刻。", draft="  还有\n一件事")
    pages: list[tuple[str, str, object]] = [
        ("setup", "setup.html", setup),
        ("setup-invited", "setup.html", invited),
        ("setup-error", "setup.html", bad),
        ("totp", "totp.html", totp),
        ("totp-wrong", "totp.html", replace(totp, wrong=True)),
        ("recovery", "recovery.html", saved),
        ("signin", "signin.html", public.SigninPage()),
        ("signin-error", "signin.html", public.SigninPage(login="wangmin", error="credentials")),
        ("signin-locked", "signin.html",
         public.SigninPage(login="wangmin", error="locked", wait_minutes=15)),
        ("error-404", "error.html", public.ErrorPage(status=404, request_id="", home="")),
        ("error-403", "error.html", public.ErrorPage(status=403, request_id="01JD-8KQ2")),
        ("error-429", "error.html", public.ErrorPage(status=429, request_id="01JD-8KQ2")),
        ("error-500", "error.html", public.ErrorPage(status=500, request_id="01JD-8KQ2")),
        ("chat", "chat.html", CHAT),
        ("chat-files", "chat.html", FILED),
        ("chat-empty", "chat.html", replace(CHAT, messages=())),
        ("join", "join.html", invite),
        ("join-newcomer", "join.html", newcomer),
        *((f"join-{kind}", "join.html", stands(kind)) for kind in JOININGS if kind != "invite"),
        ("chat-older", "chat.html", replace(CHAT, older="1")),
        ("chat-refused", "chat.html", refused),
        ("error-chat", "error.html", lost),
        ("privacy", "privacy.html", PRIVACY),
    ]  # fmt: skip
    return [
        Sample(name=name, template=template, context={"shell": OUTSIDE, "page": page})
        for name, template, page in pages
    ]
