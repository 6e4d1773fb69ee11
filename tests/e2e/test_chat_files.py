"""Files on the candidate's page in a real browser: sent, refused, broken off, without scripts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from tests import samples_of_files as some
from tests.e2e.browser import watched
from tests.e2e.chatting import PHONE, Talk, file_of, state

pytestmark = pytest.mark.browser


def test_a_file_goes_from_the_phone_to_hr(talk: Talk, tmp_path: Path) -> None:
    chat = talk.chat()
    data = some.PDF + b"%" * 3_000_000
    with watched(chat) as complaints:
        chat.set_input_files("#file", file_of(tmp_path, "简历.pdf", data))
        bubble = chat.locator(".msg.in", has_text="简历.pdf").last
        expect(state(bubble)).to_have_text("已送达", timeout=30_000)
        expect(bubble.locator(".file-size")).to_have_text("2.9 MB")
        expect(bubble.locator("progress")).to_have_count(0)
        chat.set_input_files("#file", file_of(tmp_path, "照片.png", some.png(40, 40)))
        picture = chat.locator(".msg.in", has_text="照片.png").last
        expect(state(picture)).to_have_text("已送达", timeout=30_000)
    assert complaints == []
    console = talk.console()
    with watched(console) as complaints:
        row = console.locator(".attached", has_text="简历.pdf").last
        expect(row).to_contain_text("2.9 MB")
        with console.expect_download() as saved:
            row.get_by_role("link", name="下载").click()
        assert saved.value.suggested_filename == "简历.pdf"
        assert Path(saved.value.path()).read_bytes() == data
        with console.expect_popup() as shown:
            console.locator(".attached", has_text="照片.png").get_by_role(
                "link", name="查看"
            ).click()
        shown.value.wait_for_load_state()
        wide = shown.value.evaluate("document.images[0] && document.images[0].naturalWidth")
        assert wide == 40
        console.set_viewport_size({"width": 390, "height": 844})
        assert console.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []
    chat.reload()
    expect(chat.locator(".msg.in .file-name").last).to_have_text("照片.png")


def test_a_file_we_do_not_take_is_refused_in_words(talk: Talk, tmp_path: Path) -> None:
    chat = talk.chat()
    chat.set_input_files("#file", file_of(tmp_path, "工具.pdf", some.EXE))
    bubble = chat.locator(".msg.in", has_text="工具.pdf").last
    expect(state(bubble)).to_have_text("发送失败")
    expect(chat.locator("#note")).to_contain_text("不支持这种文件")
    expect(bubble.get_by_role("button", name="重试")).to_have_count(0)
    before = chat.locator(".msg.in").count()
    chat.set_input_files("#file", file_of(tmp_path, "大.pdf", bytes(10 * 1024 * 1024 + 1)))
    expect(chat.locator("#note")).to_contain_text("超过 10 MB")
    assert chat.locator(".msg.in").count() == before


@pytest.mark.parametrize("arrived", [False, True])
def test_an_upload_that_breaks_off_is_sent_again_and_stands_once(
    talk: Talk, tmp_path: Path, arrived: bool
) -> None:
    chat = talk.chat()

    def break_off(route: Route) -> None:
        if arrived:  # only the answer is lost
            route.fetch()
        route.abort()

    chat.route("**/files", break_off)
    chat.set_input_files("#file", file_of(tmp_path, "offer回签.docx", some.docx()))
    bubble = chat.locator(".msg.in", has_text="offer回签.docx")
    expect(state(bubble)).to_have_text("发送失败")
    chat.wait_for_timeout(1500)  # an event may come meanwhile
    expect(state(bubble)).to_have_text("发送失败")
    chat.unroute("**/files")
    bubble.get_by_role("button", name="重试").click()
    expect(state(bubble)).to_have_text("已送达")
    chat.wait_for_timeout(1500)
    expect(bubble).to_have_count(1)
    chat.reload()
    expect(bubble).to_have_count(1)


def test_the_progress_of_an_upload_is_seen(talk: Talk, tmp_path: Path) -> None:
    chat = talk.chat()
    cdp = talk.phone.new_cdp_session(chat)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    cdp.send("Network.enable")
    cdp.send("Network.emulateNetworkConditions", slow)
    data = some.PDF + b"%" * 1_000_000
    chat.set_input_files("#file", file_of(tmp_path, "作品集.pdf", data))
    bubble = chat.locator(".msg.in", has_text="作品集.pdf")
    expect(state(bubble)).to_contain_text(re.compile(r"上传中 [1-9]"))
    assert 0 < int(bubble.locator("progress").evaluate("bar => bar.value")) <= 100
    expect(state(bubble)).to_have_text("已送达", timeout=30_000)


def test_without_scripts_a_form_sends_words_and_files(
    browser: Browser, talk: Talk, tmp_path: Path
) -> None:
    bare = browser.new_context(**PHONE, java_script_enabled=False)
    page = bare.new_page()
    page.goto(talk.url)
    page.set_input_files("#plain", file_of(tmp_path, "成绩单.txt", "九十分".encode()))
    page.get_by_role("button", name="上传").click()
    expect(page.locator(".msg.in .file-name").last).to_have_text("成绩单.txt")
    page.set_input_files("#plain", file_of(tmp_path, "x.zip", some.zipped({"a": b"a"})))
    page.get_by_role("button", name="上传").click()
    expect(page.locator("#note")).to_contain_text("不支持这种文件")
    page.get_by_role("textbox").fill("没有脚本也能写")
    page.get_by_role("button", name="发送", exact=True).click()
    expect(page.locator(".msg.in", has_text="没有脚本也能写")).to_be_visible()
    bare.close()
