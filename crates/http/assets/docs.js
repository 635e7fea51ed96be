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
    // A request for a token carries the credentials of its client. With those of the browser, a refusal with a challenge would
    // open the browser's own login, and the dialogue would show no error.
    requestInterceptor(request) {
      if (request.headers?.["X-Requested-With"] === "XMLHttpRequest") request.credentials = "omit";
      return request;
    },
  });

  ui.initOAuth({
    clientId: root.dataset.clientId || "",
    scopeSeparator: " ",
    usePkceWithAuthorizationCodeGrant: true,
  });
})();
