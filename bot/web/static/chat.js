// The candidate's page made live. Words of people enter the page as textContent only.
//
// POST {base}/messages {"text", "client_id"} -> 202 {"id", "state"?}
// GET  {base}/events   "message": {id, direction, author, name, text, at, state, buttons,
//                      client_id?}; "state": {id, state}
// GET  {base}/messages?after={id} -> {"items": [message, ...]}; asked while events are cut off
(function () {
  "use strict";
  var body = document.body;
  var base = body.getAttribute("data-base");
  var list = document.getElementById("list");
  var pane = document.getElementById("scroll");
  var form = document.getElementById("composer");
  var box = document.getElementById("text");
  var note = document.getElementById("note");
  var lostBar = document.getElementById("lost");
  var SOFT = 4000;
  var HARD = 20000;
  var POLL_MS = 15000;
  var waiting = {}; // client id -> bubble still on its way
  var lostTimer = 0;
  var pollTimer = 0;
  var wait = 1000;

  function word(name) {
    return body.getAttribute("data-w-" + name) || "";
  }

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function clientId() {
    if (window.crypto.randomUUID) return window.crypto.randomUUID();
    // randomUUID exists on https and localhost only; a trial on a local network has neither.
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    var hex = Array.prototype.map
      .call(bytes, function (byte) {
        return (byte + 256).toString(16).slice(1);
      })
      .join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  }

  // The company's time of day, as on the lines the server rendered.
  var clock = new Intl.DateTimeFormat("en-GB", {
    timeZone: body.getAttribute("data-zone"),
    hour: "2-digit",
    minute: "2-digit",
  });

  function atBottom() {
    return pane.scrollHeight - pane.scrollTop - pane.clientHeight < 120;
  }

  function toBottom() {
    pane.scrollTop = pane.scrollHeight;
  }

  function find(id) {
    return list.querySelector('[data-id="' + CSS.escape(String(id)) + '"]');
  }

  // --- bubbles ---------------------------------------------------------------------------

  function bubble(message) {
    var item = make("li", "msg " + message.direction + " by-" + message.author);
    if (message.id) item.setAttribute("data-id", message.id);
    if (message.direction === "out") {
      var who = make("p", "msg-who", message.name || word(message.author === "hr" ? "hr" : "bot"));
      if (message.author !== "hr") who.appendChild(make("span", "tag", word("program")));
      item.appendChild(who);
    } else {
      item.appendChild(make("p", "hidden-words", word("me")));
    }
    var text = make("div", "msg-text");
    text.appendChild(make("bdi", "", message.text));
    item.appendChild(text);
    var foot = make("p", "msg-foot");
    var time = make("time", "", clock.format(new Date(message.at)));
    time.setAttribute("datetime", message.at);
    foot.appendChild(time);
    if (message.direction === "in") foot.appendChild(make("span", "msg-state"));
    item.appendChild(foot);
    if (message.buttons && message.buttons.length) item.appendChild(choices(message.buttons));
    return item;
  }

  function choices(buttons) {
    var row = make("form", "msg-buttons");
    row.method = "post";
    row.action = base + "/messages";
    buttons.forEach(function (choice) {
      var button = make("button", "", choice.label);
      button.type = "submit";
      button.name = "text";
      button.value = choice.value;
      row.appendChild(button);
    });
    return row;
  }

  function mark(item, state) {
    var slot = item.querySelector(".msg-state");
    item.classList.toggle("failed", state === "failed");
    item.classList.toggle("sending", state === "sending");
    if (!slot) return;
    var known = { sending: "sending", failed: "failed" };
    slot.textContent = word(known[state] || "sent");
  }

  function add(item) {
    var stay = atBottom() || item.classList.contains("in");
    var empty = document.getElementById("empty");
    if (empty) empty.remove();
    list.appendChild(item);
    if (stay) toBottom();
  }

  // A message of the server: new, or one of ours coming back.
  function take(message) {
    var item = find(message.id) || (message.client_id && waiting[message.client_id]);
    if (!item && message.direction === "in") item = sameWords(message.text);
    if (item) {
      settle(item, message.id, message.state);
      return;
    }
    item = bubble(message);
    if (message.direction === "in") mark(item, message.state);
    add(item);
  }

  function sameWords(text) {
    var keys = Object.keys(waiting);
    for (var i = 0; i < keys.length; i += 1) {
      if (waiting[keys[i]].querySelector(".msg-text").textContent === text) return waiting[keys[i]];
    }
    return null;
  }

  function settle(item, id, state) {
    Object.keys(waiting).forEach(function (key) {
      if (waiting[key] === item) delete waiting[key];
    });
    var retry = item.querySelector(".retry");
    if (retry) retry.remove();
    if (id) {
      var twin = find(id);
      if (twin && twin !== item) twin.remove();
      item.setAttribute("data-id", id);
    }
    if (item.classList.contains("in")) mark(item, state || "sent");
  }

  // --- sending ---------------------------------------------------------------------------

  function say(text) {
    var item = bubble({
      direction: "in",
      author: "candidate",
      text: text,
      at: new Date().toISOString(),
    });
    add(item);
    push(item, text, clientId());
  }

  function push(item, text, id) {
    waiting[id] = item;
    mark(item, "sending");
    fetch(base + "/messages", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      credentials: "same-origin",
      body: JSON.stringify({ text: text, client_id: id }),
    })
      .then(function (answer) {
        if (answer.ok) return answer.json();
        throw { status: answer.status };
      })
      .then(function (got) {
        settle(item, got.id, got.state);
      })
      .catch(function (why) {
        if (item.getAttribute("data-id")) return; // the event came although the answer did not
        var status = why && why.status;
        var final = status === 413 || status === 422 || status === 400;
        var over = status === 403 || status === 404 || status === 410;
        delete waiting[id];
        mark(item, "failed");
        if (final) tell(word("refused"), true);
        else if (over) tell(word("closed"), true);
        else if (status === 429) tell(word("slow"), true);
        if (!final && !over) offerRetry(item, text, id);
      });
  }

  function offerRetry(item, text, id) {
    var retry = make("button", "retry", word("retry"));
    retry.type = "button";
    retry.addEventListener("click", function () {
      retry.remove();
      push(item, text, id); // the same id: the server keeps it once
    });
    item.querySelector(".msg-foot").appendChild(retry);
  }

  function tell(text, bad) {
    if (!note) return;
    note.textContent = text;
    note.classList.toggle("bad", Boolean(bad));
  }

  function count() {
    var length = Array.from(box.value).length;
    if (length > HARD) tell(word("too-long"), true);
    else if (length > SOFT) tell(length + " · " + word("long"));
    else if (length > SOFT - 400) tell(length + " / " + SOFT);
    else tell("");
    box.style.height = "auto";
    box.style.height = Math.min(box.scrollHeight, 160) + "px";
    return length;
  }

  if (form) {
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var text = box.value.trim();
      if (!text || count() > HARD) return;
      box.value = "";
      count();
      say(text);
      box.focus();
    });
    box.addEventListener("input", count);
    box.addEventListener("keydown", function (event) {
      // While an input method composes, Enter picks a word (229 in older webviews).
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      form.requestSubmit ? form.requestSubmit() : form.querySelector("button").click();
    });
  }

  list.addEventListener("submit", function (event) {
    if (!event.target.matches(".msg-buttons")) return;
    event.preventDefault();
    var pressed = event.submitter || document.activeElement;
    event.target.remove();
    if (pressed && pressed.value) say(pressed.value);
  });

  // --- hearing ---------------------------------------------------------------------------

  function lastId() {
    var known = list.querySelectorAll("[data-id]");
    return known.length ? known[known.length - 1].getAttribute("data-id") : "";
  }

  function poll() {
    fetch(base + "/messages?after=" + encodeURIComponent(lastId()), {
      headers: { Accept: "application/json" },
      credentials: "same-origin",
    })
      .then(function (answer) {
        if (answer.ok) return answer.json();
        throw new Error("poll " + answer.status);
      })
      .then(
        function (got) {
          got.items.forEach(take);
          found();
        },
        function () {
          lost();
        }
      );
  }

  function lost() {
    if (!lostTimer) {
      lostTimer = setTimeout(function () {
        lostBar.hidden = false;
      }, 3000);
    }
    if (!pollTimer) pollTimer = setInterval(poll, POLL_MS);
  }

  function found() {
    clearTimeout(lostTimer);
    lostTimer = 0;
    lostBar.hidden = true;
  }

  function listen() {
    if (!window.EventSource) {
      pollTimer = setInterval(poll, POLL_MS);
      return;
    }
    var source = new EventSource(base + "/events");
    source.addEventListener("open", function () {
      wait = 1000;
      found();
      clearInterval(pollTimer);
      pollTimer = 0;
    });
    source.addEventListener("message", function (event) {
      take(JSON.parse(event.data));
    });
    source.addEventListener("state", function (event) {
      var change = JSON.parse(event.data);
      var item = find(change.id);
      if (item && item.classList.contains("in")) mark(item, change.state);
    });
    source.addEventListener("error", function () {
      lost();
      if (source.readyState === EventSource.CLOSED) {
        source.close();
        setTimeout(listen, wait);
        wait = Math.min(wait * 2, 30000);
      }
    });
  }

  document.addEventListener("visibilitychange", function () {
    // Webviews stop timers and cut streams in the background: catch up at once.
    if (!document.hidden) poll();
  });

  toBottom();
  listen();
})();
