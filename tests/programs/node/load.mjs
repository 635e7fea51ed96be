// Imports packages from the folder in which they are installed.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// The packages are in the current folder, not next to this file.
const require = createRequire(join(process.cwd(), 'package.json'));

/** Imports an installed package. */
export const load = (name) => import(pathToFileURL(require.resolve(name)));
