// The same by `@badgateway/oauth2-client`, which leaves `iss` to the application.

import { run } from './code.mjs';
import { load, site } from './site.mjs';

const { OAuth2Client, generateCodeVerifier } = await load('@badgateway/oauth2-client');

/** The names of the RFC. */
const plain = (token) => ({
  access_token: token.accessToken,
  refresh_token: token.refreshToken,
  scope: token.scope?.join(' '),
  token,
});

await run(async ({ id, secret, method, redirect_uri: redirectUri }) => {
  const client = new OAuth2Client({
    server: site.issuer,
    discoveryEndpoint: '/.well-known/oauth-authorization-server',
    clientId: id,
    ...(secret && { clientSecret: secret, authenticationMethod: method }),
  });
  const [codeVerifier, state] = [await generateCodeVerifier(), await generateCodeVerifier()];
  return {
    url: await client.authorizationCode.getAuthorizeUri({ redirectUri, state, codeVerifier, scope: ['me', 'items'] }),
    redeem: async (location) => {
      if (location.searchParams.get('iss') !== site.issuer) throw new Error('an answer of another issuer');
      return plain(await client.authorizationCode.getTokenFromCodeRedirect(location, { redirectUri, state, codeVerifier }));
    },
    refresh: async ({ token }) => plain(await client.refreshToken(token)),
    revoke: ({ token }) => client.revoke(token, 'refresh_token'),
  };
});
