// An application in a browser that refreshes its tokens by `oidc-client-ts` in two tabs, and a proxy in front of the token endpoint
// that drops every fifth answer to a refresh. A line `address` of standard input is answered by the address of the application, a line
// `counts` by the numbers of refreshes and of dropped answers.

import { readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const issuer = process.env.ISSUER;
const library = readFileSync(join(process.cwd(), 'node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js'));
let refreshes = 0;
let dropped = 0;

// `work` refreshes once in each round. Both tabs begin a round at the same time, as two tabs do whose access token expires.
const page = `<!DOCTYPE html><html lang="en"><title>Application</title><h1>Application</h1><button>Log in</button>
<script src="/library.js"></script><script>
const { ErrorResponse, UserManager, WebStorageStateStore } = oidc;
const manager = new UserManager({
  authority: '${issuer}',
  metadata: { issuer: '${issuer}', authorization_endpoint: '${issuer}/authorize', token_endpoint: location.origin + '/token' },
  client_id: 'spa',
  redirect_uri: location.origin + '/cb',
  scope: 'me items',
  automaticSilentRenew: false,
  userStore: new WebStorageStateStore({ store: localStorage }),
});
const show = (text) => {
  document.querySelector('h1').textContent = text;
  document.body.className = text.includes(': ') ? 'ended' : '';
};
const showError = (error) => show('Failed: ' + error);
manager.events.addUserUnloaded(() => show('Failed: logged out'));
document.querySelector('button').onclick = () => manager.signinRedirect().catch(showError);

const reached = (tab, round) => Number(localStorage.getItem('round ' + tab) ?? -1) >= round;
const other = (tab, round) => new Promise((resolve) => {
  const look = () => reached(tab, round) && resolve();
  addEventListener('storage', look);
  look();
});
const refresh = async () => {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      return await manager.signinSilent();
    } catch (error) {
      // An answer of the server is final, a lost one is not.
      if (error instanceof ErrorResponse) throw error;
    }
  }
  throw new Error('twenty answers were lost');
};
const work = async (own, peer, rounds) => {
  const seen = new Set();
  for (let round = 0; round < rounds; round += 1) {
    localStorage.setItem('round ' + own, round);
    await other(peer, round);
    seen.add((await refresh()).refresh_token);
  }
  show('Done: ' + seen.size);
};
const begin = location.pathname === '/cb'
  ? manager.signinCallback().then(() => location.replace('/'))
  : manager.getUser().then((user) => user && show('Logged in'));
begin.catch(showError);
</script></html>`;

/** Sends a form to the token endpoint of the server, and its answer to the page. */
function forward(incoming, outgoing, body) {
  const isRefresh = body.includes('grant_type=refresh_token');
  const { 'content-type': type } = incoming.headers;
  const upstream = request(`${issuer}/token`, { method: 'POST', headers: { 'content-type': type } }, async (answer) => {
    const chunks = await answer.toArray();
    refreshes += isRefresh;
    if (isRefresh && refreshes % 5 === 0) {
      dropped += 1;
      outgoing.destroy();
      return;
    }
    outgoing.writeHead(answer.statusCode, { 'content-type': answer.headers['content-type'] });
    outgoing.end(Buffer.concat(chunks));
  });
  upstream.end(body);
}

const server = createServer(async (incoming, outgoing) => {
  if (incoming.method === 'POST' && incoming.url === '/token') {
    forward(incoming, outgoing, Buffer.concat(await incoming.toArray()).toString());
  } else if (incoming.url === '/library.js') {
    outgoing.writeHead(200, { 'content-type': 'text/javascript' }).end(library);
  } else {
    outgoing.writeHead(200, { 'content-type': 'text/html' }).end(page);
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'address') {
    console.log(`http://127.0.0.1:${server.address().port}`);
  } else {
    console.log(`${refreshes} ${dropped}`);
  }
}
process.exit(0);
