// Discovery, client credentials, introspection and revocation by `oauth4webapi`, with both methods of a client.

import { clients, load, site } from './site.mjs';

const oauth = await load('oauth4webapi');
const issuer = new URL(site.issuer);
// The server of the test is on the loopback address, without TLS or behind a proxy.
const options = { [oauth.allowInsecureRequests]: true };

const found = await oauth.discoveryRequest(issuer, { ...options, algorithm: 'oauth2' });
const server = await oauth.processDiscoveryResponse(issuer, found);
console.log(`discovery: offers client_credentials ${server.grant_types_supported.includes('client_credentials')}`);

const introspect = async (api, token) => {
  const answer = await oauth.introspectionRequest(server, api.client, api.authentication, token, options);
  return oauth.processIntrospectionResponse(server, api.client, answer);
};

for (const [method, ids] of Object.entries(clients)) {
  const authentication = { client_secret_basic: oauth.ClientSecretBasic, client_secret_post: oauth.ClientSecretPost }[method];
  const client = (id) => ({ client: { client_id: id }, authentication: authentication(site.secrets[id]) });
  const [service, api] = [client(ids.service), client(ids.api)];

  const scope = new URLSearchParams({ scope: 'items' });
  const asked = await oauth.clientCredentialsGrantRequest(server, service.client, service.authentication, scope, options);
  const token = await oauth.processClientCredentialsResponse(server, service.client, asked);
  console.log(`${method}: ${token.token_type} for ${token.scope}`);

  // A resource server that verifies the token by the published keys (RFC 9068).
  const request = new Request(site.audience, { headers: { Authorization: `Bearer ${token.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(server, request, site.audience, options);
  console.log(`${method}: verified, of ${claims.client_id}`);

  const before = await introspect(api, token.access_token);
  console.log(`${method}: active ${before.active}, of ${before.client_id}, for ${before.scope}`);
  const revoked = await oauth.revocationRequest(server, service.client, service.authentication, token.access_token, options);
  await oauth.processRevocationResponse(revoked);
  const after = await introspect(api, token.access_token);
  console.log(`${method}: after revocation ${JSON.stringify(after)}`);

  const stranger = authentication('wrong');
  const refused = await oauth.clientCredentialsGrantRequest(server, service.client, stranger, scope, options);
  try {
    await oauth.processClientCredentialsResponse(server, service.client, refused);
  } catch (error) {
    // With a challenge the library reports the challenge, else the body.
    console.log(`${method}: wrong secret, ${error.status} ${error.error ?? error.cause[0].scheme}`);
  }
}
