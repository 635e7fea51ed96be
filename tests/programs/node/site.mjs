// What the scripts of clients share: the server of the test.

export { load } from './load.mjs';

/** Issuer, audience and secrets of the clients, from the test. */
export const site = JSON.parse(process.env.SITE);

/** The clients of each method: a service and a resource server. */
export const clients = {
  client_secret_basic: { service: 'billing', api: 'reports' },
  client_secret_post: { service: 'billing-post', api: 'reports-post' },
};
