// The code flow of each application, for any library. The test is the user: it writes the id of an application and reads the URL of
// the request, then it writes the URL to which the server sent the browser and reads what happened.

import { createInterface } from 'node:readline';

import { site } from './site.mjs';

/** The URL of an answer with another `iss`, or without one. */
const withIssuer = (location, issuer) => {
  const url = new URL(location);
  url.searchParams.delete('iss');
  if (issuer !== undefined) url.searchParams.set('iss', issuer);
  return url;
};

/** The `error` of a refused request, or the name that the library gives to the refusal. */
const refusal = (asked) =>
  asked.then(
    () => 'accepted',
    (error) => error.error ?? error.oauth2Code ?? error.cause?.error ?? 'refused',
  );

/** What the API answers. */
const status = async (token) => {
  const headers = { Authorization: `Bearer ${token.access_token}` };
  return (await fetch(`${site.issuer}/users/me/items/`, { headers })).status;
};

const steps = async ({ redeem, refresh, revoke }, location) => {
  const facts = [];
  facts.push(`foreign iss ${await refusal(redeem(withIssuer(location, 'https://other.example')))}`);
  facts.push(`no iss ${await refusal(redeem(withIssuer(location)))}`);
  const first = await redeem(new URL(location));
  facts.push(`${first.scope} ${await status(first)}`);
  const [second, same] = await Promise.all([refresh(first), refresh(first)]);
  facts.push(`parallel refreshes ${second.refresh_token === same.refresh_token ? 'agree' : 'differ'} ${await status(second)}`);
  const third = await refresh(second);
  facts.push(`next ${third.refresh_token === second.refresh_token ? 'same' : 'new'} ${await status(third)}`);
  await revoke(third);
  facts.push(`revoked ${await status(third)} ${await refusal(refresh(third))}`);
  return facts.join(', ');
};

/** Runs the flow of each application whose id the test writes. `begin` starts one with a library. */
export const run = async (begin) => {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value;
  for (let id = await next(); id !== undefined; id = await next()) {
    const flow = await begin({ id, secret: site.secrets[id], ...site.applications[id] });
    console.log(String(flow.url));
    console.log(await steps(flow, await next()));
  }
};
