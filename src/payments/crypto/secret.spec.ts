import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { format, inspect } from 'node:util';
import { fakeCredential } from '../../../test/support/credentials.js';
import { Secret } from './secret.js';

const TEXT = fakeCredential('live_secret_key');
const secret = new Secret(TEXT);
const nested = { a: { b: [{ c: new Map([['d', secret]]) }] } };

function printed(...values: unknown[]): string {
  let output = '';
  const sink = new Writable({
    write(chunk, _encoding, done) {
      output += String(chunk);
      done();
    },
  });
  const console = new Console({ stdout: sink, stderr: sink });
  console.log(...values);
  console.error(...values);
  console.dir(values, { depth: null, showHidden: true });
  console.table(values);
  return output;
}

it('gives its text to whom reveals it', () => {
  expect(secret.reveal()).toBe(TEXT);
});

it.each<[string, () => string]>([
  ['toString', () => secret.toString()],
  ['String()', () => String(secret)],
  ['a template', () => `secret: ${secret as unknown as string}`],
  ['concatenation', () => 'secret: ' + (secret as unknown as string)],
  ['joining', () => [secret].join()],
  ['JSON.stringify', () => JSON.stringify(secret)],
  ['JSON.stringify of an object around it', () => JSON.stringify({ a: [secret] })],
  ['inspect', () => inspect(secret)],
  ['inspect of everything hidden', () => inspect(secret, { showHidden: true, getters: true, depth: null })],
  ['inspect at depth', () => inspect(nested, { showHidden: true, depth: null })],
  ['format %s', () => format('%s', secret)],
  ['format %o', () => format('%o', secret)],
  ['format %O', () => format('%O', secret)],
  ['format %j', () => format('%j', secret)],
  ['format without a placeholder', () => format('secret', secret)],
  ['console', () => printed(secret, nested)],
  ['console with placeholders', () => printed('%s %o %O %j', secret, secret, secret, secret)],
  [
    'an error that carries it',
    () => inspect(Object.assign(new Error('failed'), { secret }), { depth: null }),
  ],
])('prints [secret] and nothing of its text through %s', (_name, print) => {
  const output = print();
  expect(output).toContain('[secret]');
  expect(output).not.toContain(TEXT.slice(8, 14));
});

it.each<[string, () => unknown]>([
  [
    'inspect without custom inspection',
    () => inspect(secret, { customInspect: false, showHidden: true, depth: null }),
  ],
  ['its own property names', () => Reflect.ownKeys(secret).map(String)],
  ['its copy', () => Object.assign({}, secret)],
  ['a structured clone', () => structuredClone(secret)],
])('has nothing of its text in %s', (_name, look) => {
  expect(inspect(look(), { customInspect: false, showHidden: true })).not.toContain(TEXT.slice(8, 14));
});
