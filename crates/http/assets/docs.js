// Builds Swagger UI from the data attributes of the page's root element. A file of its own, so that the page needs no inline script.
"use strict";

(function () {
  const root = document.getElementById("swagger-ui");
  const absolute = (path) => new URL(path, document.baseURI).href;

  const ui = SwaggerUIBundle({
    url: absolute(root.dataset.openapiUrl),
    domNode: root,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    deepLinking: true,
    showExtensions: true,
    showCommonExtensions: true,
    // Nothing of the document goes to a validator elsewhere, and the address bar cannot choose another document.
    validatorUrl: null,
    queryConfigEnabled: false,
    persistAuthorization: false,
    oauth2RedirectUrl: absolute(root.dataset.oauth2RedirectUrl),
  });

  ui.initOAuth({
    clientId: root.dataset.clientId || "",
    scopeSeparator: " ",
    usePkceWithAuthorizationCodeGrant: true,
  });
})();
