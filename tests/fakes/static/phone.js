// The sandbox phone: draws one chat, sends what is typed and pressed. No library, no build.

import { bubble, dayOf } from "/static/phone_draw.js";

const $ = (id) => document.getElementById(id);
const base = `/phone/${document.body.dataset.user}`;
const POLL_MS = 700;
const AT_BOTTOM_PX = 90;

let payload = document.body.dataset.payload;
let drawn = ""; // the view as last drawn, to draw only what changed
let newest = null; // highest message id drawn; null before the first drawing
let shownAnswers = null; // ids of answers already shown
let toastTimer = 0;

async function post(path, body) {
  const form = body instanceof FormData;
  const answer = await fetch(base + path, {
    method: "POST",
    headers: form ? {} : { "Content-Type": "application/json" },
    body: form ? body : JSON.stringify(body),
  });
  if (!answer.ok) toast("没有发出去，请再试一次");
  await refresh(true);
  return answer.ok;
}

async function refresh(follow = false) {
  let view;
  try {
    const answer = await fetch(`${base}/messages`, { cache: "no-store" });
    view = await answer.json();
  } catch {
    presence("连接中断，正在重试…", true);
    return;
  }
  announce(view.answers);
  const { now, ...rest } = view;
  const text = JSON.stringify(rest);
  if (text === drawn) return;
  drawn = text;
  draw(view, follow);
}

function draw(view, follow) {
  const chat = $("chat");
  const stick = follow || newest === null || bottomGap() < AT_BOTTOM_PX;
  $("empty").hidden = view.messages.length > 0;
  const list = document.createDocumentFragment();
  let day = "";
  let before = null;
  for (const message of view.messages) {
    const today = dayOf(message.date, view.now);
    if (today !== day) {
      list.append(separator(today));
      before = null;
    }
    day = today;
    const fresh = newest !== null && message.message_id > newest;
    const close = before !== null && before.incoming === message.incoming;
    list.append(bubble(message, { base, fresh, close, all: view.messages, wait: view.spinning }));
    before = message;
  }
  if (view.typing && !view.blocked) list.append(typing());
  $("messages").replaceChildren(list);
  newest = Math.max(0, ...view.messages.map((message) => message.message_id));
  presence(view.typing ? "正在输入…" : view.blocked ? "已屏蔽" : "机器人", view.typing);
  controls(view);
  if (stick) chat.scrollTop = chat.scrollHeight;
  scrolled();
}

function controls(view) {
  const start = !view.started || payload !== "" || view.blocked;
  $("composer").hidden = start;
  $("big").hidden = !start;
  $("big").textContent = view.blocked ? "解除屏蔽并继续" : "开始";
  $("block").classList.toggle("on", view.blocked);
  $("block").hidden = !view.started;
  const word = view.blocked ? "解除屏蔽" : "屏蔽机器人";
  $("block").title = word;
  $("block").setAttribute("aria-label", word);
  $("commands").hidden = view.commands.length === 0;
  $("menu").replaceChildren(...view.commands.map(command));
  $("keyboard").hidden = start || view.keyboard.length === 0;
  $("keyboard").replaceChildren(...view.keyboard.map(keys));
}

function command({ command: name, description }) {
  const item = document.createElement("button");
  item.type = "button";
  item.setAttribute("role", "menuitem");
  const word = document.createElement("b");
  const note = document.createElement("span");
  word.textContent = `/${name}`;
  note.textContent = description;
  item.append(word, note);
  item.addEventListener("click", () => {
    menu(false);
    post("/messages", { text: `/${name}` });
  });
  return item;
}

function keys(labels) {
  const row = document.createElement("div");
  row.className = "row";
  for (const label of labels) {
    const key = document.createElement("button");
    key.type = "button";
    key.className = "key";
    key.textContent = label;
    key.addEventListener("click", () => post("/messages", { text: label }));
    row.append(key);
  }
  return row;
}

function separator(text) {
  const item = document.createElement("li");
  item.className = "day";
  const word = document.createElement("span");
  word.textContent = text;
  item.append(word);
  return item;
}

function typing() {
  const item = document.createElement("li");
  item.className = "message";
  const bubbleOfDots = document.createElement("div");
  bubbleOfDots.className = "bubble";
  const dots = document.createElement("span");
  dots.className = "dots";
  dots.append(...[1, 2, 3].map(() => document.createElement("i")));
  bubbleOfDots.append(dots);
  item.append(bubbleOfDots);
  return item;
}

function presence(text, busy) {
  const line = $("presence");
  if (line.textContent !== text) line.textContent = text;
  line.classList.toggle("busy", busy);
  if (busy && text.startsWith("连接")) drawn = "";
}

function announce(answers) {
  const fresh = shownAnswers === null ? [] : answers.filter(({ id }) => !shownAnswers.has(id));
  shownAnswers = new Set(answers.map(({ id }) => id));
  for (const { text, alert } of fresh) {
    if (!alert) {
      toast(text);
    } else if (!$("alert").open) {
      $("alert-text").textContent = text;
      $("alert").showModal();
    }
  }
}

function toast(text) {
  clearTimeout(toastTimer);
  $("toast").textContent = text;
  $("toast").hidden = false;
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, 3200);
}

function menu(open) {
  $("menu").hidden = !open;
  $("commands").setAttribute("aria-expanded", String(open));
}

function bottomGap() {
  const chat = $("chat");
  return chat.scrollHeight - chat.scrollTop - chat.clientHeight;
}

function scrolled() {
  $("down").hidden = bottomGap() < AT_BOTTOM_PX * 2;
}

function grow() {
  const box = $("text");
  box.style.height = "auto";
  box.style.height = `${box.scrollHeight + 2}px`;
  $("send").disabled = box.value.trim() === "";
}

async function send() {
  const text = $("text").value.trim();
  if (text === "") return;
  $("text").value = "";
  grow();
  if (!(await post("/messages", { text }))) {
    $("text").value = text;
    grow();
  }
}

function theme(next) {
  document.documentElement.dataset.theme = next;
  localStorage.setItem("phone-theme", next);
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
$("text").addEventListener("input", grow);
$("text").addEventListener("keydown", (event) => {
  // While an input method is composing, Enter picks a word.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
});
$("file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  const form = new FormData();
  form.append("file", file);
  event.target.value = "";
  await post("/files", form);
});
$("big").addEventListener("click", async () => {
  if (JSON.parse(drawn || "{}").blocked) {
    await post("/block", { blocked: false });
    return;
  }
  const text = `/start ${payload}`.trim();
  payload = "";
  history.replaceState(null, "", base);
  drawn = "";
  await post("/messages", { text });
});
$("block").addEventListener("click", () => {
  post("/block", { blocked: !JSON.parse(drawn || "{}").blocked });
});
$("commands").addEventListener("click", () => menu($("menu").hidden));
$("down").addEventListener("click", () => {
  $("chat").scrollTo({ top: $("chat").scrollHeight, behavior: "smooth" });
});
$("chat").addEventListener("scroll", scrolled, { passive: true });
$("messages").addEventListener("click", (event) => {
  const key = event.target.closest("button.key");
  if (key) {
    key.classList.add("wait");
    post("/press", { message_id: Number(key.dataset.message), data: key.dataset.data });
  }
  const spoiler = event.target.closest(".spoiler");
  if (spoiler) spoiler.classList.toggle("shown");
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("#menu, #commands")) menu(false);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") menu(false);
});
$("theme").addEventListener("click", () => {
  theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
});

const dark = matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset.theme =
  localStorage.getItem("phone-theme") ?? (dark ? "dark" : "light");

function tick() {
  $("clock").textContent = new Date().toLocaleTimeString("zh-CN", {
    hour: "numeric",
    minute: "2-digit",
  });
}

async function live() {
  tick();
  if (!document.hidden) await refresh();
  setTimeout(live, POLL_MS);
}

live();
