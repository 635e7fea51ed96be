// Verifies tokens by `jose` with the published keys alone. Each line of standard input is a token. The answer to it is one line:
// key, subject and scope, or the code of the error. The set of keys is fetched again only when a token names an unknown key.

import { createInterface } from 'node:readline';

import { load, site } from './site.mjs';

const { createRemoteJWKSet, customFetch, decodeProtectedHeader, jwtVerify } = await load('jose');
let fetched = 0;
const counted = (...request) => {
  fetched += 1;
  return fetch(...request);
};
// The default of 30 s between two fetches is longer than the test.
const keys = createRemoteJWKSet(new URL(`${site.issuer}/.well-known/jwks.json`), {
  cooldownDuration: 0,
  [customFetch]: counted,
});
const rules = { issuer: site.issuer, audience: site.audience, typ: 'at+jwt', algorithms: ['ES256'] };

for await (const token of createInterface({ input: process.stdin })) {
  try {
    const { payload } = await jwtVerify(token, keys, rules);
    console.log(`${decodeProtectedHeader(token).kid} ${payload.sub} ${payload.scope} fetched ${fetched}`);
  } catch (error) {
    console.log(`${error.code} fetched ${fetched}`);
  }
}
