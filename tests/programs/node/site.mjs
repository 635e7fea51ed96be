// What the scripts share: the server of the test, and packages from the folder in which they are installed.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// The packages are in the current folder, not next to this file.
const require = createRequire(join(process.cwd(), 'package.json'));

/** Imports an installed package. */
export const load = (name) => import(pathToFileURL(require.resolve(name)));

/** Issuer, audience and secrets of the clients, from the test. */
export const site = JSON.parse(process.env.SITE);

/** The clients of each method: a service and a resource server. */
export const clients = {
  client_secret_basic: { service: 'billing', api: 'reports' },
  client_secret_post: { service: 'billing-post', api: 'reports-post' },
};
