// Writes the words of which Stripe's paths are made, src/payments/stripe/path-words.ts or the file that is named, from the code of
// Stripe's SDK. Run by `npm run stripe:paths` when the SDK is another one.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { format, resolveConfig } from 'prettier';

const ROOT = join(import.meta.dirname, '..');
const TARGET = join(ROOT, 'src/payments/stripe/path-words.ts');
const RESOURCES = join(dirname(createRequire(import.meta.url).resolve('stripe')), 'resources');

/** A path as it stands in the code: a text, or a template that holds ids. */
const PATH = /['`](\/(?:v1|v2|oauth)\/[^'`?]*)['`]/g;

const words = new Set();
for (const file of readdirSync(RESOURCES, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.js')) continue;
  for (const [, path] of readFileSync(join(RESOURCES, file), 'utf8').matchAll(PATH)) {
    for (const part of path.split('/')) if (/^[a-z0-9_]+$/.test(part)) words.add(part);
  }
}

const [, , file = TARGET] = process.argv;
const text = `// Written by npm run stripe:paths.

/** The words of which the paths of Stripe's API are made; anything else in one is an id. */
export const PATH_WORDS: ReadonlySet<string> = new Set(('${[...words].sort().join(' ')}').split(' '));
`;
const wrapped = text.replace(/'([a-z0-9_ ]{200,})'/, (_, all) => {
  const lines = [];
  let line = '';
  for (const word of all.split(' ')) {
    if (line.length + word.length > 96) {
      lines.push(line);
      line = '';
    }
    line += `${word} `;
  }
  lines.push(line.trimEnd());
  return lines.map((each) => `'${each}'`).join(' +\n');
});
writeFileSync(file, await format(wrapped, { ...(await resolveConfig(TARGET)), filepath: TARGET }));
