// Hearing what is said: server-sent events; where they do not get through, asking.
//
// GET {base}/events?after={id}  "message": a message, again when its state has changed;
//                               "answering": true or false; "here": nothing new.
// GET {base}/messages?after={id} -> {"items": [message, ...], "answering"}
(function () {
  "use strict";
  var chat = window.yinuoChat;
  var lostBar = document.getElementById("lost");
  var hint = document.getElementById("answering");
  var FIRST_MS = 1000;
  var LONGEST_MS = 60000;
  var OPEN_MS = 10000; // a stream that has said nothing by then does not get through
  var SILENT_MS = 40000; // the server says "here" every 15 seconds
  var ASK_MS = 4000;
  var OVERLAP = 20; // an answer long on its way stands before what was said meanwhile
  var HINT_MS = 30000;
  var source = null;
  var failures = 0;
  var pause = FIRST_MS;
  var heard = 0;
  var timers = {}; // by name: open, again, ask, lost, hint, sleep
  var asking = false;
  var askPause = ASK_MS;
  var over = false;
  if (!chat || !chat.id) return;

  function later(name, ms, work) {
    stop(name);
    timers[name] = setTimeout(function () {
      timers[name] = 0;
      work();
    }, ms);
  }

  function stop(name) {
    clearTimeout(timers[name]);
    timers[name] = 0;
  }

  // So that many pages do not return together.
  function jittered(ms) {
    return ms * (0.75 + Math.random() / 2);
  }

  function known() {
    var ids = chat.list.querySelectorAll("[data-id]");
    return ids.length ? ids[Math.max(0, ids.length - OVERLAP)].dataset.id : "";
  }

  function found() {
    stop("lost");
    lostBar.hidden = true;
    chat.resume();
  }

  function lost(ms) {
    if (timers.lost || over) return;
    later("lost", ms || 3000, function () {
      lostBar.hidden = false;
      answering(false);
    });
  }

  function answering(now) {
    hint.hidden = !now;
    stop("hint");
    if (now) {
      later("hint", HINT_MS, function () {
        hint.hidden = true;
      });
    }
  }

  // --- events -------------------------------------------------------------------------------

  function open() {
    close();
    if (over) return;
    if (!window.EventSource) {
      failures = 2;
      ask();
      return;
    }
    var mine = (source = new EventSource(chat.base + "/events?after=" + encodeURIComponent(known())));
    function on(name, work) {
      mine.addEventListener(name, function (event) {
        if (mine !== source) return;
        works();
        work(JSON.parse(event.data));
      });
    }
    on("here", function () {});
    on("message", function (message) {
      chat.take(message);
      if (message.direction === "out") answering(false);
    });
    on("answering", answering);
    mine.addEventListener("error", function () {
      if (mine === source) failed();
    });
    later("open", OPEN_MS, failed);
  }

  function close() {
    stop("open");
    stop("again");
    if (source) source.close();
    source = null;
  }

  function works() {
    heard = Date.now();
    stop("open");
    if (failures) stop("ask");
    failures = 0;
    pause = FIRST_MS;
    askPause = ASK_MS;
    found();
  }

  function failed() {
    close();
    failures += 1;
    lost();
    if (failures >= 2 && !timers.ask) ask();
    later("again", jittered(pause), open);
    pause = Math.min(pause * 2, LONGEST_MS);
  }

  // --- asking -------------------------------------------------------------------------------

  function ask() {
    stop("ask");
    if (asking || over) return;
    asking = true;
    fetch(chat.base + "/messages?after=" + encodeURIComponent(known()), {
      headers: { Accept: "application/json" },
    })
      .then(function (answer) {
        if (chat.gone(answer.status)) return finish();
        if (!answer.ok) throw new Error("answer " + answer.status);
        return answer.json().then(function (got) {
          got.items.forEach(chat.take);
          answering(Boolean(got.answering));
          askPause = ASK_MS;
          found();
        });
      })
      .catch(function () {
        askPause = Math.min(askPause * 2, LONGEST_MS);
        lost();
      })
      .then(function () {
        asking = false;
        if (failures >= 2 && !over && !document.hidden) later("ask", jittered(askPause), ask);
      });
  }

  // The link has ended.
  function finish() {
    over = true;
    close();
    stop("lost");
    lostBar.hidden = true;
    answering(false);
    chat.end();
  }

  // --- waking -------------------------------------------------------------------------------

  // Phones stop timers and cut streams in the background. A page nobody sees needs no line.
  function wake() {
    if (document.hidden) return later("sleep", 60000, close);
    stop("sleep");
    if (over) return;
    chat.nameDays();
    pause = FIRST_MS;
    askPause = ASK_MS;
    ask();
    if (!source || Date.now() - heard > SILENT_MS / 2) open();
  }

  // Something could not be sent: the stream is probably dead, too.
  chat.lost = function () {
    lost();
    if (source && Date.now() - heard > FIRST_MS) failed();
  };

  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  window.addEventListener("offline", function () {
    stop("lost");
    lost(1);
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) wake();
  });
  window.addEventListener("pagehide", close);
  setInterval(function () {
    if (source && !timers.open && Date.now() - heard > SILENT_MS) failed();
  }, 10000);
  open();
})();
