// Validates each HTML file of a folder, and prints a line for each fault and the number of files.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { load } from './load.mjs';

const { HtmlValidate } = await load('html-validate');
const folder = process.argv[2];
const validator = new HtmlValidate({
  extends: ['html-validate:recommended', 'html-validate:document', 'html-validate:a11y'],
  rules: {
    // The consent form has a field `scope` for each scope.
    'form-dup-name': 'off',
    // The stylesheet comes from the same server.
    'require-sri': ['error', { target: 'crossorigin' }],
  },
});
const files = readdirSync(folder).filter((name) => name.endsWith('.html'));
for (const file of files) {
  const { results } = await validator.validateFile(join(folder, file));
  for (const { messages } of results) {
    for (const { ruleId, message, line } of messages) {
      console.log(`${file}:${line}: ${ruleId}: ${message}`);
    }
  }
}
console.log(`${files.length} files`);
