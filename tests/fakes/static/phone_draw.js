// Turns one message into elements. Words of people are only ever set as text, never as markup.

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
  spoiler: "span",
};

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function time(seconds) {
  const format = { hour: "2-digit", minute: "2-digit", hour12: false };
  return new Date(seconds * 1000).toLocaleTimeString("zh-CN", format);
}

export function dayOf(seconds, now) {
  const day = (moment) => new Date(moment * 1000).toDateString();
  if (day(seconds) === day(now)) return "今天";
  if (day(seconds) === day(now - 86400)) return "昨天";
  const date = new Date(seconds * 1000);
  const year = date.getFullYear() === new Date(now * 1000).getFullYear() ? undefined : "numeric";
  return date.toLocaleDateString("zh-CN", { year, month: "long", day: "numeric" });
}

// Entities nest but never cross; offsets count UTF-16 units, as strings here do.
function formatted(text, entities, from = 0, to = text.length) {
  const parts = document.createDocumentFragment();
  let at = from;
  for (let index = 0; index < entities.length; index += 1) {
    const entity = entities[index];
    const end = entity.offset + entity.length;
    if (entity.offset < at || end > to) continue;
    parts.append(text.slice(at, entity.offset));
    const inner = entities.slice(index + 1).filter((other) => other.offset + other.length <= end);
    const made = marked(entity, text.slice(entity.offset, end));
    made.append(formatted(text, inner, entity.offset, end));
    parts.append(made);
    at = end;
  }
  parts.append(text.slice(at, to));
  return parts;
}

function marked(entity, text) {
  if (entity.type === "url" || entity.type === "text_link") return link(entity.url ?? text);
  if (entity.type === "bot_command") return element("span", "command");
  return element(TAGS[entity.type] ?? "span", entity.type === "spoiler" ? "spoiler" : "");
}

function link(url) {
  const made = element("a");
  if (/^(https?|tg|mailto|tel):/.test(url)) made.href = url;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

function content(message, base) {
  const parts = document.createDocumentFragment();
  const source = `${base}/files/${message.file_id}`;
  if (message.kind === "photo") {
    const picture = element("img", "photo");
    picture.src = source;
    picture.alt = "图片";
    parts.append(picture);
  } else if (message.kind === "document" || message.kind === "voice") {
    const paper = element("a", "paper");
    paper.href = source;
    const voice = message.kind === "voice";
    paper.download = message.file_name ?? (voice ? "voice.ogg" : "file");
    const ending = (message.file_name ?? "").split(".").pop().slice(0, 4).toUpperCase();
    paper.append(element("b", "", voice ? "▶" : ending || "文件"));
    paper.append(element("span", "", voice ? "语音消息" : message.file_name));
    parts.append(paper);
  } else if (message.kind === "sticker") {
    parts.append(element("span", "big-emoji", message.text));
    return parts;
  } else if (message.kind === "contact") {
    parts.append(element("span", "", "联系方式"));
  }
  parts.append(formatted(message.text, message.entities));
  return parts;
}

function buttons(message, wait) {
  const rows = element("div", "rows");
  for (const row of message.buttons) {
    const line = element("div", "row");
    for (const { text, data, url } of row) {
      const key = url ? link(url) : element("button");
      key.className = url ? "key link" : "key";
      key.textContent = text;
      if (!url) {
        key.type = "button";
        key.dataset.message = message.message_id;
        key.dataset.data = data;
        if (pressed.get(message.message_id) === data && wait.includes(message.message_id)) {
          key.classList.add("wait");
        }
      }
      line.append(key);
    }
    rows.append(line);
  }
  return rows;
}

const pressed = new Map(); // message id -> data pressed last, for its spinner
document.addEventListener("click", (event) => {
  const key = event.target.closest?.("button.key[data-message]");
  if (key) pressed.set(Number(key.dataset.message), key.dataset.data);
}, true);

export function bubble(message, { base, fresh, close, all, wait }) {
  const item = element("li", "message");
  item.classList.toggle("mine", message.incoming);
  item.classList.toggle("bare", message.kind === "sticker");
  item.classList.toggle("fresh", fresh);
  item.classList.toggle("close", close);
  const box = element("div", "bubble");
  const quoted = all.find(({ message_id: id }) => id === message.reply_to);
  if (quoted) box.append(element("span", "quote", quoted.text || "文件"));
  box.append(content(message, base));
  const note = message.edited ? `已编辑 ${time(message.date)}` : time(message.date);
  box.append(element("span", "meta", note));
  item.append(box);
  if (message.buttons.length > 0) item.append(buttons(message, wait));
  return item;
}
