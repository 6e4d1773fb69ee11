// The candidate's page made live: bubbles, writing, the window. Words of people enter the page
// as textContent only. What the scripts of the page share is window.yinuoChat.
//
// A message: {id, client_id, direction, author, name, text, at, state, files, buttons}
// GET {base}/messages?before={id} -> {"items": [message, ...], "next": id or null}
(function () {
  "use strict";
  var body = document.body;
  var base = body.dataset.base;
  var zone = body.dataset.zone;
  var list = document.getElementById("list");
  var pane = document.getElementById("scroll");
  var note = document.getElementById("note");
  var news = document.getElementById("news");
  var older = document.getElementById("older");
  var card = document.getElementById("file-card");
  var waiting = {}; // client id -> bubble that the server has not confirmed

  function word(name) {
    return body.getAttribute("data-w-" + name) || "";
  }

  function make(tag, className, text) {
    var node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function each(nodes, work) {
    Array.prototype.forEach.call(nodes, work);
  }

  // --- moments, as the company reads them ----------------------------------------------------

  var clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" });
  var dates = new Intl.DateTimeFormat("sv", { timeZone: zone }); // 2026-11-24
  var far = new Intl.DateTimeFormat("zh", { month: "long", day: "numeric", weekday: "short", timeZone: "UTC" });

  function dayName(date) {
    if (date === dates.format(new Date())) return word("today");
    if (date === dates.format(new Date(Date.now() - 864e5))) return word("yesterday");
    return far.format(new Date(date)).replace("日", "日 ");
  }

  function nameDays() {
    each(list.querySelectorAll(".chat-day time"), function (time) {
      time.textContent = dayName(time.getAttribute("datetime"));
    });
  }

  function dayLine(date) {
    var line = make("li", "chat-day");
    line.appendChild(make("time", "", dayName(date))).setAttribute("datetime", date);
    return line;
  }

  function weight(size) {
    if (size >= 1000 * 1024) return (size / 1048576).toFixed(1) + " MB";
    return size ? Math.max(1, Math.round(size / 1024)) + " KB" : "";
  }

  // --- the pane: reversed, so that it stands at the newest without a script -----------------

  function atBottom() {
    // By what is seen: a reversed pane counts from 0 downwards, but rounds up to 1 at its end.
    return list.getBoundingClientRect().bottom - pane.getBoundingClientRect().bottom < 120;
  }

  function toBottom() {
    pane.scrollTop = pane.scrollHeight;
    news.hidden = true;
  }

  // Somebody reads further up: the words under their eyes stay where they are.
  function steadily(change) {
    var line = list.lastElementChild;
    var before = line ? line.getBoundingClientRect().top : 0;
    change();
    if (line) pane.scrollTop += line.getBoundingClientRect().top - before;
  }

  function find(id) {
    return list.querySelector('[data-id="' + CSS.escape(id) + '"]');
  }

  // --- bubbles ------------------------------------------------------------------------------

  function bubble(message) {
    var mine = message.direction === "in";
    var item = make("li", "msg " + message.direction + " by-" + message.author);
    if (message.id) item.dataset.id = message.id;
    var who = make("p", mine ? "hidden-words" : "msg-who", mine ? word("me") : message.name || word(message.author));
    if (message.author === "bot") who.appendChild(make("span", "tag", word("program")));
    item.appendChild(who);
    var text = make("div", "msg-text");
    if (message.files && message.files.length) {
      message.files.forEach(function (file) {
        text.appendChild(fileCard(file));
      });
    } else {
      text.appendChild(said(message.text, mine));
    }
    item.appendChild(text);
    var foot = make("p", "msg-foot");
    var at = new Date(message.at);
    foot.appendChild(make("time", "", clock.format(at))).setAttribute("datetime", at.toISOString());
    if (mine) foot.appendChild(make("span", "msg-state"));
    item.appendChild(foot);
    if (message.buttons && message.buttons.length) item.appendChild(choices(message.buttons));
    if (mine) mark(item, message.state);
    return item;
  }

  // Addresses in what we say can be followed; the same pattern stands in bot/web/pages.py.
  function said(text, mine) {
    var node = make("bdi");
    var parts = mine ? [text] : text.split(/(https?:\/\/[!-~]*[A-Za-z0-9/#&=_~%-])/);
    parts.forEach(function (part, n) {
      if (n % 2) {
        var link = make("a", "", part);
        link.href = part;
        node.appendChild(link);
      } else {
        node.appendChild(document.createTextNode(part));
      }
    });
    return node;
  }

  function fileCard(file) {
    var node = document.importNode(card.content.firstElementChild, true);
    node.classList.toggle("is-image", file.kind === "image");
    node.querySelector(".file-name").textContent = file.name;
    node.querySelector(".file-size").textContent = weight(file.size);
    return node;
  }

  function choices(buttons) {
    var row = make("p", "msg-buttons");
    buttons.forEach(function (choice) {
      row.appendChild(make("button", "", choice.label)).value = choice.value;
    });
    return row;
  }

  // Buttons answer once; they rest as soon as anything else was said, too.
  function rest(text) {
    each(list.querySelectorAll(".msg-buttons button:not([disabled])"), function (button) {
      button.disabled = true;
      if (button.value === text) {
        button.className = "chosen";
        button.appendChild(make("span", "hidden-words", word("chosen")));
      }
    });
  }

  // sent, sending, failed; or waiting for the network. ``again`` is what a button tries.
  function mark(item, state, words, again) {
    var slot = item.querySelector(".msg-state");
    if (item.contains(document.activeElement)) pane.focus(); // tried by itself meanwhile
    each(item.querySelectorAll(".retry"), remove);
    ["sending", "waiting", "failed"].forEach(function (name) {
      item.classList.toggle(name, state === name);
    });
    slot.textContent = words || word(state || "sent");
    if (!again) return;
    var retry = slot.parentNode.appendChild(make("button", "retry", word("retry")));
    retry.addEventListener("click", function () {
      pane.focus(); // the button goes
      tell("");
      again();
    });
  }

  function remove(node) {
    if (node) node.parentNode.removeChild(node);
  }

  function add(item, at, follow) {
    var lines = list.querySelectorAll(".chat-day time");
    var date = dates.format(new Date(at));
    var fresh = !lines.length || lines[lines.length - 1].getAttribute("datetime") < date;
    var stay = follow || atBottom();
    remove(document.getElementById("empty"));
    steadily(function () {
      if (fresh) list.appendChild(dayLine(date));
      list.appendChild(item);
    });
    if (fresh) nameDays();
    if (stay) toBottom();
    else news.hidden = false;
  }

  // A message of the server: new, or one of ours coming back.
  function take(message) {
    var item = find(message.id) || (message.client_id && waiting[message.client_id]);
    if (item && item.classList.contains("uploading")) {
      item.dataset.id = message.id; // its bytes may not be there yet
    } else if (item) {
      settle(item, message.id, message.state);
    } else {
      if (message.direction === "in") rest(message.text);
      add(bubble(message), message.at);
    }
  }

  function settle(item, id, state) {
    Object.keys(waiting).forEach(function (key) {
      if (waiting[key] === item) delete waiting[key];
    });
    item.classList.remove("uploading");
    var twin = find(id);
    if (twin && twin !== item) return remove(item); // it had arrived before this page opened
    item.dataset.id = id;
    if (item.classList.contains("in")) mark(item, state);
  }

  // What we say: a bubble at once.
  function say(message, id) {
    message.direction = "in";
    message.author = "candidate";
    message.state = "sending";
    var item = (waiting[id] = bubble(message));
    rest(message.text);
    add(item, message.at, true);
    return item;
  }

  function tell(text, bad) {
    note.textContent = text;
    note.classList.toggle("bad", Boolean(bad));
  }

  // --- further up ---------------------------------------------------------------------------

  function showOlder(got) {
    var first = list.firstElementChild; // a day's line; its day may have begun earlier
    var part = document.createDocumentFragment();
    var day = "";
    got.items.forEach(function (message) {
      var date = dates.format(new Date(message.at));
      if (date !== day) part.appendChild(dayLine((day = date)));
      message.buttons = [];
      part.appendChild(bubble(message));
    });
    steadily(function () {
      if (first.firstElementChild.getAttribute("datetime") === day) remove(first);
      list.insertBefore(part, list.firstChild);
      if (got.next) older.href = "?before=" + got.next;
      else remove(older);
    });
  }

  if (older) {
    older.addEventListener("click", function (event) {
      event.preventDefault();
      list.parentNode.setAttribute("aria-live", "off"); // a hundred messages are not read out
      fetch(base + "/messages" + older.getAttribute("href"), { headers: { Accept: "application/json" } })
        .then(function (answer) {
          if (answer.ok) return answer.json().then(showOlder);
        })
        .catch(function () {
          window.yinuoChat.lost();
        })
        .then(function () {
          list.parentNode.removeAttribute("aria-live");
        });
    });
  }

  news.addEventListener("click", function () {
    pane.focus();
    toBottom();
  });
  pane.addEventListener("scroll", function () {
    if (atBottom()) news.hidden = true;
  });

  // --- the window: where a keyboard covers the page instead of shrinking it (iOS) -------------

  var view = window.visualViewport;

  function fit() {
    if (view.scale > 1.01) return; // somebody looks closer
    var covered = window.innerHeight - view.height > 100;
    body.classList.toggle("has-keys", covered);
    body.style.height = covered ? view.height + "px" : "";
    if (covered || view.offsetTop > 0) window.scrollTo(0, 0);
  }

  if (view) {
    view.addEventListener("resize", fit);
    view.addEventListener("scroll", fit);
  }

  window.yinuoChat = {
    base: base,
    list: list,
    pane: pane,
    waiting: waiting,
    word: word,
    make: make,
    each: each,
    mark: mark,
    take: take,
    say: say,
    settle: settle,
    tell: tell,
    nameDays: nameDays,
  };
  toBottom();
})();
