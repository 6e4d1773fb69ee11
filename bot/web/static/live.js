// Hears of changes at /console/events and lets the open page fetch its changed part.
// Events: "alerts" and "review" (data unused), "candidate" (data: a candidate's id).
(function () {
  "use strict";
  var address = document.body.getAttribute("data-events");
  if (!address || !window.EventSource) return;
  var source = null;
  var retry = 0;
  var wait = 2000;
  var lost = 0;

  function tell(name, detail) {
    document.dispatchEvent(new CustomEvent(name, { detail: detail }));
  }

  // Somebody reading or typing inside a part must not have it pulled away.
  function busy(part) {
    return (
      part.querySelector("details[open]") !== null || part.contains(document.activeElement)
    );
  }

  // A press of one's own is news too, and may be heard of before its answer is here: what the
  // answer brings is waited for, or the button still pressed would pass for somebody busy.
  function answering(part, then) {
    if (!part.querySelector(".htmx-request")) return false;
    document.addEventListener(
      "htmx:afterRequest",
      function () {
        setTimeout(then, 50); // the swap comes first
      },
      { once: true }
    );
    return true;
  }

  function refreshReview() {
    var list = document.getElementById("review-list");
    if (list && answering(list, refreshReview)) return;
    if (list) refresh("review-list", "review-changed");
    // The list brings the count of the navigation along, unless somebody is busy in it.
    if (!list || busy(list)) window.htmx.trigger(document.body, "review-counted");
  }

  function refreshTalk() {
    // With older stretches unfolded a swap would leave a gap between them and the newest.
    if (document.querySelector("#timeline > div.timeline-part:not(#timeline-live)")) {
      offerReload();
    } else {
      refresh("timeline-live", "candidate-changed");
    }
  }

  // What changed while nobody was listening: since the page was made, or since the line broke.
  function catchUp() {
    refresh("alert-list", "alerts-changed");
    refresh("alert-state", "alert-changed");
    refreshReview();
    if (document.getElementById("timeline-live")) refreshTalk();
  }

  function refresh(id, name) {
    var part = document.getElementById(id);
    if (!part) return;
    if (
      answering(part, function () {
        refresh(id, name);
      })
    ) {
      return;
    }
    if (busy(part)) {
      offer(part, name);
    } else {
      window.htmx.trigger(document.body, name);
    }
  }

  function offer(part, name) {
    if (document.getElementById("live-offer")) return;
    var button = document.createElement("button");
    button.id = "live-offer";
    button.type = "button";
    button.className = "btn btn-primary live-offer";
    button.textContent = document.getElementById("toast").getAttribute("data-news");
    button.addEventListener("click", function () {
      button.remove();
      window.htmx.trigger(document.body, name);
    });
    part.parentNode.insertBefore(button, part);
  }

  function open() {
    source = new EventSource(address);
    source.addEventListener("open", function () {
      clearTimeout(lost);
      lost = 0;
      wait = 2000;
      tell("yinuo:unsay", {});
      catchUp();
    });
    source.addEventListener("alerts", function () {
      refresh("alert-list", "alerts-changed");
      refresh("alert-state", "alert-changed");
    });
    source.addEventListener("review", refreshReview);
    source.addEventListener("candidate", function (event) {
      var page = document.querySelector("[data-candidate]");
      if (!page || page.getAttribute("data-candidate") !== event.data) return;
      refreshTalk();
      refresh("alert-state", "alert-changed"); // on the page of one alert the talk is part of it
    });
    source.addEventListener("error", function () {
      if (!lost) {
        lost = setTimeout(function () {
          tell("yinuo:say", { key: "offline", sticky: true });
        }, 5000);
      }
      if (source.readyState === EventSource.CLOSED) {
        clearTimeout(retry);
        retry = setTimeout(open, wait);
        wait = Math.min(wait * 2, 60000);
      }
    });
  }

  function offerReload() {
    var pane = document.getElementById("timeline");
    offer(pane, "none");
    document.getElementById("live-offer").addEventListener("click", function () {
      window.location.reload();
    });
  }

  window.addEventListener("pagehide", function () {
    if (source) source.close();
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) open();
  });
  open();
})();
