// The same by `openid-client`: one configuration for each client, found by discovery.

import { clients, load, site } from './site.mjs';

const openid = await load('openid-client');

for (const [method, ids] of Object.entries(clients)) {
  const authentication = { client_secret_basic: openid.ClientSecretBasic, client_secret_post: openid.ClientSecretPost }[method];
  const discover = (id, secret = site.secrets[id]) =>
    openid.discovery(new URL(site.issuer), id, {}, authentication(secret), {
      algorithm: 'oauth2',
      execute: [openid.allowInsecureRequests],
    });
  const [service, api] = [await discover(ids.service), await discover(ids.api)];
  const { grant_types_supported: grants } = service.serverMetadata();
  console.log(`${method}: discovery, offers client_credentials ${grants.includes('client_credentials')}`);

  const token = await openid.clientCredentialsGrant(service, { scope: 'items' });
  console.log(`${method}: ${token.token_type} for ${token.scope}, ${token.expiresIn() > 500 ? 'not yet expired' : 'expired'}`);
  const before = await openid.tokenIntrospection(api, token.access_token);
  console.log(`${method}: active ${before.active}, of ${before.client_id}, for ${before.scope}`);
  await openid.tokenRevocation(service, token.access_token);
  const after = await openid.tokenIntrospection(api, token.access_token);
  console.log(`${method}: after revocation ${JSON.stringify(after)}`);

  const refused = await openid.clientCredentialsGrant(await discover(ids.service, 'wrong')).catch((error) => error);
  console.log(`${method}: wrong secret, ${refused.status} ${refused.error ?? refused.cause[0].scheme}`);
}
