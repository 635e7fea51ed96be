// Code with PKCE, `iss`, refresh and revocation by `oauth4webapi`.

import { run } from './code.mjs';
import { load, site } from './site.mjs';

const oauth = await load('oauth4webapi');
const issuer = new URL(site.issuer);
const options = { [oauth.allowInsecureRequests]: true };
const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
const server = await oauth.processDiscoveryResponse(issuer, found);

await run(async ({ id, secret, method, redirect_uri }) => {
  const client = { client_id: id };
  const authentication = {
    client_secret_basic: () => oauth.ClientSecretBasic(secret),
    client_secret_post: () => oauth.ClientSecretPost(secret),
    none: () => oauth.None(),
  }[method]();
  const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: id,
    redirect_uri,
    scope: 'me items',
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  return {
    url,
    redeem: async (location) => {
      const answer = oauth.validateAuthResponse(server, client, location, state);
      const asked = await oauth.authorizationCodeGrantRequest(server, client, authentication, answer, redirect_uri, verifier, options);
      return oauth.processAuthorizationCodeResponse(server, client, asked);
    },
    refresh: async ({ refresh_token }) => {
      const asked = await oauth.refreshTokenGrantRequest(server, client, authentication, refresh_token, options);
      return oauth.processRefreshTokenResponse(server, client, asked);
    },
    revoke: async ({ refresh_token }) =>
      oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authentication, refresh_token, options)),
  };
});
