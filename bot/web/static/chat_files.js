// Files on the candidate's page: one at a time, with its progress, and again when it broke off.
//
// POST {base}/files (form: client_id, file) -> 202 {"id", "state"}; else {"error", "text"}
(function () {
  "use strict";
  var chat = window.yinuoChat;
  var opener = document.getElementById("attach");
  var field = document.getElementById("file");
  var LARGEST = 10 * 1024 * 1024;
  var PATIENCE_MS = 180000;
  var queue = []; // the first one is under way
  if (!chat || !chat.id) return;

  function choose(event) {
    event.preventDefault();
    field.click();
  }

  // Android's webviews look at the first kind only, and would offer nothing but PNG pictures.
  if (/Android/.test(navigator.userAgent)) field.removeAttribute("accept");
  opener.setAttribute("role", "button");
  opener.addEventListener("click", choose);
  opener.addEventListener("keydown", function (event) {
    if (event.key === " ") choose(event);
  });

  field.addEventListener("change", function () {
    var file = field.files[0];
    if (!file) return;
    if (file.size > LARGEST || !file.size) {
      chat.tell(chat.word(file.size ? "large" : "empty"), true);
    } else {
      chat.tell("");
      offer(file);
    }
    field.value = ""; // the same file may be picked again
  });

  function offer(file) {
    var kind = file.type.indexOf("image/") === 0 ? "image" : "file";
    var id = chat.id();
    var seen = { kind: kind, name: file.name, size: file.size };
    line(chat.say({ files: [seen], at: Date.now() }, id), file, id);
  }

  function line(item, file, id) {
    item.classList.add("uploading"); // until its bytes are there
    chat.mark(item, "sending");
    queue.push(function () {
      send(item, file, id);
    });
    if (queue.length === 1) queue[0]();
  }

  function send(item, file, id) {
    var bar = item.querySelector(".file").appendChild(chat.make("progress"));
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", chat.word("uploading"));
    chat.mark(item, "sending", chat.word("uploading"));

    var form = new FormData();
    form.append("client_id", id);
    form.append("file", file, file.name);
    var call = new XMLHttpRequest();
    call.open("POST", chat.base + "/files");
    call.setRequestHeader("Accept", "application/json");
    call.timeout = PATIENCE_MS;
    call.upload.onprogress = function (event) {
      if (!event.lengthComputable) return;
      bar.value = Math.round((event.loaded / event.total) * 100);
      chat.mark(item, "sending", chat.word("uploading") + " " + bar.value + "%");
    };
    call.onloadend = function () {
      var got = parsed(call.responseText);
      bar.parentNode.removeChild(bar);
      if (call.status === 202 && got.id) {
        chat.settle(item, got.id, got.state);
        if (got.name) item.querySelector(".file-name").textContent = got.name;
      } else {
        failed(item, call.status, got, function () {
          line(item, file, id); // the same id: the server keeps it once
        });
      }
      queue.shift();
      if (queue.length) queue[0]();
    };
    call.send(form);
  }

  function failed(item, status, got, again) {
    var passing = !status || status === 408 || status === 429 || status >= 500;
    chat.mark(item, "failed", "", passing && again);
    if (chat.gone(status)) chat.end();
    else if (/^file_/.test(got.error)) chat.tell(got.text, true);
    else if (!passing) chat.tell(chat.word("refused"), true);
    else if (status === 429) chat.tell(chat.word("slow"), true);
    else if (!status) chat.lost();
  }

  function parsed(text) {
    try {
      return JSON.parse(text) || {};
    } catch (broken) {
      return {};
    }
  }

  // A file that is on its way cannot be taken up again by the next page.
  window.addEventListener("beforeunload", function (event) {
    if (queue.length) event.returnValue = "-";
  });
})();
