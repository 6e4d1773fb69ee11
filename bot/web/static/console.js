// Small conveniences of the console. Every page works without them, by plain forms.
(function () {
  "use strict";
  var toast = document.getElementById("toast");
  var hide = 0;

  function say(key, sticky) {
    if (!toast) return;
    toast.textContent = toast.getAttribute("data-" + key) || "";
    toast.classList.add("shown");
    clearTimeout(hide);
    if (!sticky) hide = setTimeout(unsay, 4000);
  }

  function unsay() {
    toast.classList.remove("shown");
  }

  function legacyCopy(text) {
    var area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.appendChild(area);
    area.select();
    var done = document.execCommand("copy");
    area.remove();
    return done;
  }

  function copy(text) {
    // The clipboard interface exists on https and localhost only.
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(text).then(
        function () {
          say("copied");
        },
        function () {
          say(legacyCopy(text) ? "copied" : "failed");
        }
      );
    } else {
      say(legacyCopy(text) ? "copied" : "failed");
    }
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy],[data-print]");
    if (!button) return;
    if (button.hasAttribute("data-print")) {
      window.print();
      return;
    }
    var source = document.getElementById(button.getAttribute("data-copy"));
    if (source) copy("value" in source ? source.value : source.textContent.trim());
  });

  // A row of tabs may be wider than a phone: the page that is open is in view.
  var tab = document.querySelector(".portrait-tabs [aria-current]");
  if (tab) tab.parentNode.scrollLeft = tab.offsetLeft - tab.parentNode.clientWidth / 2;

  document.addEventListener("input", function (event) {
    if (event.target.matches("[data-grow]")) grow(event.target);
  });

  function grow(area) {
    area.style.height = "auto";
    area.style.height = Math.min(area.scrollHeight + 2, 240) + "px";
  }

  document.addEventListener("keydown", function (event) {
    // Enter is also how an input method confirms a word: only Ctrl or Cmd sends.
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    if (event.target.matches("[data-send]") && event.target.form) event.target.form.requestSubmit();
  });

  // A refused reply says why beside the words, which stay to be changed.
  document.addEventListener("htmx:afterRequest", function (event) {
    var form = event.detail.elt, sent = event.detail.xhr && event.detail.xhr.status < 400;
    if (sent && event.detail.successful && form.matches && form.matches("form[data-reset]")) {
      form.reset();
      form.querySelectorAll("[data-grow]").forEach(grow);
    }
  });
  document.addEventListener("htmx:responseError", function () {
    say("failed");
  });
  document.addEventListener("htmx:sendError", function () {
    say("offline");
  });
  document.addEventListener("yinuo:say", function (event) {
    say(event.detail.key, event.detail.sticky);
  });
  document.addEventListener("yinuo:unsay", unsay);
})();
