// A real issuer on the loopback address: oidc-provider, with two resource servers (one gets JWTs, the other opaque tokens).
//
//   node provider.mjs PORT      0: any port; prints one line of JSON when it listens
//   POST /control/rotate        signs with a new key from here on; the old ones stay published
//   GET  /control/count         how often the JWK set was asked for

import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

// The packages stand where they were installed, not beside this file.
const require = createRequire(join(process.cwd(), 'package.json'));
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const key = () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'ES256' };
};

const client = (client_id) => ({
  client_id,
  client_secret: `secret of ${client_id}`,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: 'ES256',
});

const keys = [key()];
let fetched = 0;
let handle;
let issuer;

const renew = () => {
  const provider = new Provider(issuer, {
    clients: [client('machine'), client('api')],
    jwks: { keys },
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_ctx, asking) => asking.clientId === 'api' },
      revocation: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: 'reports:read reports:write',
          audience: resource,
          accessTokenFormat: resource.endsWith('/opaque') ? 'opaque' : 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  handle = provider.callback();
};

const server = createServer((request, response) => {
  if (request.url === '/control/rotate') {
    keys.unshift(key());
    renew();
    response.end('rotated');
  } else if (request.url === '/control/count') {
    response.end(String(fetched));
  } else {
    if (request.url === '/jwks') fetched += 1;
    handle(request, response);
  }
});

server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  renew();
  console.log(JSON.stringify({ issuer }));
});

// Nobody is left behind when the test ends, however it ends.
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
