// Runs before htmx. htmx swaps HTML the server rendered (autoescaped); under
// "require-trusted-types-for 'script'" that needs a default policy. It allows HTML only:
// without createScript and createScriptURL every script sink stays shut.
(function () {
  "use strict";
  if (window.trustedTypes && window.trustedTypes.createPolicy) {
    window.trustedTypes.createPolicy("default", {
      createHTML: function (html) {
        return html;
      },
    });
  }
  // Every htmx request inherits the session's token from the body.
  var meta = document.querySelector('meta[name="csrf-token"]');
  if (meta && meta.content) {
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRF-Token": meta.content }));
  }
})();
