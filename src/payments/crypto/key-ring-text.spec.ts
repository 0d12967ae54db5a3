import { randomBytes } from 'node:crypto';
import { KEY_BYTES, KeyRingError, keyId, type KeyState } from './key-ring.js';
import { describeKeyRingText, parseKeyRing, readKeyRingText } from './key-ring-text.js';

function keyOf(state: KeyState = 'active', root = randomBytes(KEY_BYTES)) {
  return {
    id: keyId(root),
    state,
    material: root.toString('base64'),
    created_at: '2026-01-24T10:00:00.000Z',
  };
}

const ACTIVE = keyOf();
const OLD = keyOf('decrypt-only');
const textOf = (...keys: object[]) => JSON.stringify({ version: 1, keys }, null, 2);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const RING = textOf(ACTIVE, OLD, { id: keyOf().id, state: 'retired', created_at: ACTIVE.created_at });

it.each([
  ['as its file has it', RING],
  ['with white space around it', `\n${RING} \r\n`],
  ['in base64', base64(RING)],
  ['in base64 of the other alphabet, without padding', Buffer.from(RING).toString('base64url')],
  ['in base64 with a line’s end', `${base64(RING)}\n`],
])('a ring is read from its text %s', async (_, text) => {
  const ring = parseKeyRing(text);
  expect(ring.usable.map(({ id }) => id)).toEqual([ACTIVE.id, OLD.id]);
  expect((await readKeyRingText(text)).fingerprint()).toBe(ring.fingerprint());
  expect(describeKeyRingText(text)).toMatchObject({ fingerprint: ring.fingerprint(), development: false });
});

it.each([
  ['nothing', '', /^the text of the key ring is empty; /],
  ['no JSON', `{${ACTIVE.material}`, /^the text of the key ring is not JSON; /],
  ['base64 of no JSON', base64(ACTIVE.material), /^the text of the key ring is not JSON; /],
  ['a key alone', ACTIVE.material, /^the text of the key ring is not JSON; /],
  ['the path of a file', '/run/secrets/ring.json', /^the text of the key ring is not JSON; /],
  [
    'another form',
    JSON.stringify({ keys: [ACTIVE.material] }),
    /^the text of the key ring has an unknown form; /,
  ],
  ['no active key', textOf(OLD), /0 active keys/],
])('%s is refused with the cause, and without its contents', async (_, text, fault) => {
  for (const read of [
    () => parseKeyRing(text),
    () => readKeyRingText(text),
    () => describeKeyRingText(text),
  ]) {
    const error = await Promise.resolve()
      .then<unknown>(read)
      .catch((each: unknown) => each);
    expect(error).toBeInstanceOf(KeyRingError);
    const { message } = error as KeyRingError;
    expect(message).toMatch(fault);
    expect(message).not.toContain(ACTIVE.material.slice(0, 8));
    expect(message).not.toContain(OLD.material.slice(0, 8));
  }
});

it('a ring that was made for development is refused, unless it is allowed', async () => {
  const text = JSON.stringify({ version: 1, development: true, keys: [ACTIVE] });
  expect(() => parseKeyRing(text)).toThrow(/made for development/);
  await expect(readKeyRingText(text)).rejects.toThrow(/made for development/);
  expect(parseKeyRing(text, { allowDevelopment: true }).active.id).toBe(ACTIVE.id);
  expect((await readKeyRingText(text, { allowDevelopment: true })).active.id).toBe(ACTIVE.id);
});

it('a ring whose keys a key service wraps is opened only where that may be called', () => {
  const { id, state, created_at } = ACTIVE;
  const wrapped = { service: 'aws-kms', key: 'alias/ring', ciphertext: 'AAAA' };
  expect(() => parseKeyRing(textOf({ id, state, created_at, wrapped }))).toThrow(
    `the key ${id} is wrapped by a key service; open the ring with readKeyRingText`,
  );
});
