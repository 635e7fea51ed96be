// Builds Redoc from the data attributes of the page's root element. A file of its own, so that the page needs no inline script.
"use strict";

(function () {
  const root = document.getElementById("redoc-root");
  const system = "system-ui, sans-serif";

  const options = {
    // The search index runs in a worker made from a blob:, which the page's policy forbids.
    disableSearch: true,
    hideDownloadButtons: false,
    // No fonts from elsewhere: the system's own.
    theme: {
      typography: {
        fontFamily: system,
        headings: { fontFamily: system },
        code: { fontFamily: "ui-monospace, monospace" },
      },
    },
  };

  Redoc.init(new URL(root.dataset.openapiUrl, document.baseURI).href, options, root);
})();
