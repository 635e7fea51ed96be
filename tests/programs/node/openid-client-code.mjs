// The same by `openid-client`.

import { run } from './code.mjs';
import { load, site } from './site.mjs';

const openid = await load('openid-client');

await run(async ({ id, secret, method, redirect_uri }) => {
  const authentication = {
    client_secret_basic: () => openid.ClientSecretBasic(secret),
    client_secret_post: () => openid.ClientSecretPost(secret),
    none: () => openid.None(),
  }[method]();
  const configuration = await openid.discovery(new URL(site.issuer), id, {}, authentication, {
    algorithm: 'oauth2',
    execute: [openid.allowInsecureRequests],
  });
  const [pkceCodeVerifier, expectedState] = [openid.randomPKCECodeVerifier(), openid.randomState()];
  const url = openid.buildAuthorizationUrl(configuration, {
    redirect_uri,
    scope: 'me items',
    state: expectedState,
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  return {
    url,
    redeem: (location) => openid.authorizationCodeGrant(configuration, location, { pkceCodeVerifier, expectedState }),
    refresh: ({ refresh_token }) => openid.refreshTokenGrant(configuration, refresh_token),
    revoke: ({ refresh_token }) => openid.tokenRevocation(configuration, refresh_token),
  };
});
