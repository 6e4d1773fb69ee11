// Writing and sending: a text at a time, so that they arrive in the order they were written.
//
// POST {base}/messages {"text", "client_id"} -> 202 {"id", "state"}; an id is kept once
(function () {
  "use strict";
  var chat = window.yinuoChat;
  var form = document.getElementById("composer");
  var box = document.getElementById("text");
  var SOFT = 4000;
  var HARD = 20000;
  var PATIENCE_MS = 20000; // an answer that takes longer is not waited for
  var FIRST_MS = 1000;
  var LONGEST_MS = 30000;
  var unsent = []; // {id, text, at, item}
  var sending = false;
  var pause = FIRST_MS;
  var notBefore = 0;
  if (!chat) return; // a script that did not load: what is left is a plain form

  chat.id = function () {
    if (window.crypto.randomUUID) return window.crypto.randomUUID();
    // randomUUID exists on https and localhost only; a trial on a local network has neither.
    return Array.from(window.crypto.getRandomValues(new Uint8Array(16)), function (byte) {
      return (byte + 256).toString(16).slice(1);
    }).join("");
  };

  // Kept while the tab lives: reloading loses neither a draft nor what is unsent.
  function keep() {
    var texts = unsent.map(function (one) {
      return { id: one.id, text: one.text, at: one.at };
    });
    try {
      sessionStorage.setItem(chat.base, JSON.stringify({ draft: box.value, unsent: texts }));
    } catch (refused) {
      return; // a browser that keeps nothing
    }
  }

  function kept() {
    try {
      return JSON.parse(sessionStorage.getItem(chat.base)) || {};
    } catch (refused) {
      return {};
    }
  }

  function sayText(text, id, at) {
    var one = { id: id || chat.id(), text: text, at: at || Date.now() };
    one.item = chat.say({ text: text, at: one.at }, one.id);
    unsent.push(one);
    keep();
    pump(true);
  }

  function confirmed() {
    unsent = unsent.filter(function (one) {
      return chat.waiting[one.id];
    });
    keep();
  }

  // Send the oldest. ``eager``: somebody asked; else not before the last failure has aged.
  function pump(eager) {
    confirmed();
    var one = unsent[0];
    if (!one || sending || (!eager && Date.now() < notBefore)) return;
    sending = true;
    unsent.forEach(function (each) {
      chat.mark(each.item, "sending");
    });
    var patience = setTimeout(function () {
      failed(0);
    }, PATIENCE_MS);

    function over(next, argument) {
      if (!patience) return;
      clearTimeout(patience);
      patience = 0;
      sending = false;
      next(argument);
    }

    function failed(status, seconds) {
      if (status === 429) over(slow, seconds);
      else if (chat.gone(status)) over(chat.end);
      else if (!status || status === 408 || status >= 500) over(away, status);
      else over(refused, one);
    }

    fetch(chat.base + "/messages", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ text: one.text, client_id: one.id }),
    })
      .then(function (answer) {
        if (!answer.ok) return failed(answer.status, answer.headers.get("Retry-After"));
        return answer.json().then(function (got) {
          chat.settle(one.item, got.id, got.state);
          pause = FIRST_MS;
          over(pump, true);
        });
      })
      .catch(function () {
        failed(0);
      });
  }

  function slow(seconds) {
    var wait = Math.min((Number(seconds) || 3) * 1000, LONGEST_MS);
    notBefore = Date.now() + wait;
    setTimeout(pump, wait + 50);
    chat.tell(chat.word("slow"));
  }

  function refused(one) {
    delete chat.waiting[one.id];
    chat.mark(one.item, "failed");
    chat.tell(chat.word("refused"), true);
    pump(true);
  }

  // The server cannot be reached: what is unsent leaves, in order, when it is back.
  function away(status) {
    notBefore = Date.now() + pause;
    pause = Math.min(pause * 2, LONGEST_MS);
    unsent.forEach(function (one) {
      chat.mark(one.item, "waiting", "", function () {
        pump(true);
      });
    });
    if (!status) chat.lost();
  }

  chat.gone = function (status) {
    return status === 403 || status === 404 || status === 410;
  };

  // The link has ended: nothing can be sent, and nothing that was written disappears.
  chat.end = function () {
    if (form.hidden) return;
    form.hidden = true;
    var draft = box.value.trim();
    if (draft) unsent.push({ item: chat.say({ text: draft, at: Date.now() }, chat.id()) });
    unsent.forEach(function (one) {
      chat.mark(one.item, "failed");
    });
    unsent = [];
    box.value = "";
    keep();
    chat.each(document.querySelectorAll(".msg-buttons button"), function (button) {
      button.disabled = true;
    });
    document.getElementById("closed").hidden = false;
  };

  chat.resume = pump;

  // --- the field ----------------------------------------------------------------------------

  function count() {
    var length = Array.from(box.value).length;
    if (length > HARD) chat.tell(chat.word("too_long"), true);
    else if (length > SOFT) chat.tell(length + " · " + chat.word("long"));
    else if (length > SOFT - 400) chat.tell(length + " / " + SOFT);
    else chat.tell("");
    grow();
    return length;
  }

  function grow() {
    box.style.height = "auto";
    box.style.height = Math.min(box.scrollHeight + 2, 160) + "px";
  }

  form.noValidate = true;
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    var text = box.value.trim();
    if (!text || count() > HARD) return;
    box.value = "";
    count();
    sayText(text);
    box.focus();
  });
  box.addEventListener("input", function () {
    count();
    keep();
  });
  box.addEventListener("keydown", function (event) {
    // While an input method composes, Enter picks a word (229 in older webviews).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.querySelector("button").click();
  });

  // Clicks, because older webviews do not say which button submitted a form.
  document.body.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest(".msg-buttons button") : null;
    if (!button) return;
    event.preventDefault();
    if (button.disabled) return;
    chat.pane.focus(); // the button will rest
    document.querySelector("details").open = false;
    sayText(button.value);
  });

  var before = kept();
  if (before.draft && !box.value) box.value = before.draft;
  (before.unsent || []).forEach(function (one) {
    sayText(one.text, one.id, one.at);
  });
  if (box.value) grow();
})();
