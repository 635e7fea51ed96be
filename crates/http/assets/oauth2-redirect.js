// Hands the answer of the authorization endpoint to the Swagger UI that opened this window, then closes it.
// Unlike the file that comes with Swagger UI, it refuses an answer whose `state` is not the one that was sent.
"use strict";

(function () {
  const say = (text) => {
    document.getElementById("message").textContent = text;
  };

  // The answer stands in the fragment (implicit grant) or in the query (code grant).
  const answer = () => {
    const fragment = location.hash.slice(1);
    const text = /code|token|error/.test(fragment) ? fragment.replace("?", "&") : location.search.slice(1);
    return Object.fromEntries(new URLSearchParams(text));
  };

  const failure = (found) => {
    if (!found.error) {
      return "The authorization server sent no code.";
    }
    return "[" + found.error + "]: " + (found.error_description || "the authorization server gave no reason.");
  };

  const finish = (request, found) => {
    const auth = request.auth;
    const complain = (message) => request.errCb({ authId: auth.name, source: "auth", level: "error", message });
    if (found.state !== request.state) {
      complain("The answer does not belong to the request that was sent: its state is another one.");
      return;
    }
    const codeFlow = ["accessCode", "authorizationCode", "authorization_code"].includes(auth.schema.get("flow"));
    if (!codeFlow || auth.code) {
      request.callback({ auth, token: found, isValid: true, redirectUrl: request.redirectUrl });
    } else if (found.code) {
      delete request.state;
      auth.code = found.code;
      request.callback({ auth, redirectUrl: request.redirectUrl });
    } else {
      complain(failure(found));
    }
  };

  const request = window.opener && window.opener.swaggerUIRedirectOauth2;
  if (!request) {
    say("This page belongs to a window of the documentation, and that window is gone. Close this one and start again.");
    return;
  }
  finish(request, answer());
  window.close();
})();
