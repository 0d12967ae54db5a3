import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import Stripe from 'stripe';
import { fakeCredential } from '../../../test/support/credentials.js';
import { findSigningSecret, parseSignature } from './signature.js';

const NOW = 1_767_225_600;
const SECRET = fakeCredential('test_webhook_secret', 'present');
const OTHER = fakeCredential('test_webhook_secret', 'other');
const BODY = JSON.stringify({ id: 'evt_1', object: 'event', text: 'Grüße, 世界' });

const header = (payload = BODY, secret = SECRET, timestamp = NOW, scheme = 'v1') =>
  Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp, scheme });
const digestOf = (text: string) => text.slice(text.lastIndexOf('=') + 1);

function findIn(given: string, ...rest: [body: Buffer, keys: KeyObject[], now: number]) {
  const signature = parseSignature(given);
  return signature && findSigningSecret(signature, ...rest);
}

function find(
  given: string,
  {
    body = BODY,
    secrets = [SECRET],
    now = NOW,
  }: { body?: string | Buffer; secrets?: string[]; now?: number },
): number | undefined {
  const keys = secrets.map((secret) => createSecretKey(Buffer.from(secret)));
  const found = findIn(given, Buffer.from(body), keys, now);
  return found?.isStale === false ? found.index : undefined;
}

/** What Stripe's own library makes of the same. */
function isTakenBySdk(given: string, body = BODY, secret = SECRET, now = NOW): boolean {
  try {
    Stripe.webhooks.constructEvent(Buffer.from(body), given, secret, 300, undefined, now * 1000);
    return true;
  } catch {
    return false;
  }
}

describe('the signing secret', () => {
  it('is found among those that are given', () => {
    expect(find(header(), {})).toBe(0);
    expect(find(header(), { secrets: [OTHER, SECRET] })).toBe(1);
    expect(find(header(), { secrets: [SECRET, OTHER] })).toBe(0);
    expect(find(header(), { secrets: [OTHER] })).toBeUndefined();
    expect(find(header(), { secrets: [] })).toBeUndefined();
  });

  it.each([
    [-301, undefined],
    [-300, 0],
    [-299, 0],
    [299, 0],
    [300, 0],
    [301, undefined],
  ])('of a signature that is %i seconds old is %p', (age, expected) => {
    expect(find(header(BODY, SECRET, NOW - age), {})).toBe(expected);
  });

  it('is distinguished from none when only the time is wrong', () => {
    const keys = [createSecretKey(Buffer.from(SECRET))];
    const found = findIn(header(BODY, SECRET, NOW - 301), Buffer.from(BODY), keys, NOW);
    expect(found).toEqual({ index: 0, isStale: true });
    expect(findIn(header(BODY, OTHER, NOW - 301), Buffer.from(BODY), keys, NOW)).toBeUndefined();
  });

  it('signs bytes, not what a decoder makes of them', () => {
    const [first, second] = [Buffer.from('{"a":"\xff"}', 'latin1'), Buffer.from('{"a":"\xfe"}', 'latin1')];
    const digest = createHmac('sha256', SECRET).update(`${NOW}.`).update(first).digest('hex');
    expect(find(`t=${NOW},v1=${digest}`, { body: first })).toBe(0);
    expect(find(`t=${NOW},v1=${digest}`, { body: second })).toBeUndefined();
  });
});

describe('a header', () => {
  const valid = digestOf(header());
  const wrong = digestOf(header(BODY, OTHER));

  it.each<[string, string]>([
    ['the second of two v1 matching', `t=${NOW},v1=${wrong},v1=${valid}`],
    ['the first of two v1 matching', `t=${NOW},v1=${valid},v1=${wrong}`],
    ['a v0 beside v1', `t=${NOW},v1=${valid},v0=${wrong}`],
    ['a scheme to come', `t=${NOW},v2=x-y-z,v1=${valid}`],
    ['the time behind the signature', `v1=${valid},t=${NOW}`],
    ['a short v1 beside the right one', `t=${NOW},v1=ab,v1=${valid}`],
  ])('with %s is taken, by the SDK as well', (_, given) => {
    expect(find(given, {})).toBe(0);
    expect(isTakenBySdk(given)).toBe(true);
  });

  it.each<[string, string]>([
    ['nothing in it', ''],
    ['garbage', 'garbage'],
    ['commas only', ',,,,'],
    ['no time', `v1=${valid}`],
    ['no signature', `t=${NOW}`],
    ['an empty signature', `t=${NOW},v1=`],
    ['the right signature under v0 alone', `t=${NOW},v0=${valid}`],
    ['upper-case hex', `t=${NOW},v1=${valid.toUpperCase()}`],
    ['a name in upper case', `t=${NOW},V1=${valid}`],
    ['a digit missing', `t=${NOW},v1=${valid.slice(0, -1)}`],
    ['two digits missing', `t=${NOW},v1=${valid.slice(0, -2)}`],
    ['two digits more', `t=${NOW},v1=${valid}00`],
    ['a signature that is no hex', `t=${NOW},v1=${'g'.repeat(64)}`],
    ['the signature in base64', `t=${NOW},v1=${Buffer.from(valid, 'hex').toString('base64')}`],
    ['another secret’s signature', `t=${NOW},v1=${wrong}`],
    ['another time', `t=${NOW + 1},v1=${valid}`],
    ['two times, the first right', `t=${NOW},t=${NOW + 1},v1=${valid}`],
    ['two times, the second right', `t=${NOW + 1},t=${NOW},v1=${valid}`],
    ['the right time twice', `t=${NOW},t=${NOW},v1=${valid}`],
    ['a time in another form', `t=0${NOW},v1=${valid}`],
    ['a fraction of time', `t=${NOW}.0,v1=${valid}`],
    ['a negative time', `t=-${NOW},v1=${valid}`],
    ['a time that is no number', `t=NaN,v1=${valid}`],
    ['a time beyond all', `t=${'9'.repeat(400)},v1=${valid}`],
    ['a second time without a value', `t=${NOW},t,v1=${valid}`],
    ['a second time that is empty', `t=${NOW},t=,v1=${valid}`],
    ['a second time that is no number', `t=${NOW},t=x,v1=${valid}`],
    ['a signature without a value', `t=${NOW},v1,v1=${valid}`],
    ['an empty signature beside the right one', `t=${NOW},v1=,v1=${valid}`],
    ['a line feed behind it', `t=${NOW},v1=${valid}\n`],
    ['10 kB in it', `t=${NOW},${`v1=${wrong},`.repeat(150)}v1=${valid}`],
    ['10 kB of another scheme', `t=${NOW},v9=${'a'.repeat(10_000)},v1=${valid}`],
  ])('with %s is refused', (_, given) => {
    expect(find(given, {})).toBeUndefined();
  });
});

describe('beside the SDK', () => {
  const anyPayload = fc
    .record({ id: fc.string({ unit: 'binary' }), data: fc.jsonValue() }, { noNullPrototype: true })
    .chain((value) => fc.constantFrom(JSON.stringify(value), JSON.stringify(value, null, 2)));
  const anySecret = fc.integer().map((seed) => fakeCredential('live_webhook_secret', seed));
  const anySigned = fc.record({
    payload: anyPayload,
    secret: anySecret,
    scheme: fc.constantFrom('v1', 'v1', 'v1', 'v0'),
    // The SDK lets a time in the future pass; this is about those that both verify alike.
    age: fc.oneof(fc.integer({ min: 0, max: 600 }), fc.constantFrom(0, 299, 300, 301)),
  });

  it('any header that it makes gets the same verdict', () => {
    const verdicts = new Set<boolean>();
    fc.assert(
      fc.property(anySigned, fc.boolean(), ({ payload, secret, scheme, age }, isOurs) => {
        const given = header(payload, isOurs ? secret : OTHER, NOW - age, scheme);
        const verdict = find(given, { body: payload, secrets: [secret] }) === 0;
        expect(verdict).toBe(isTakenBySdk(given, payload, secret));
        verdicts.add(verdict);
      }),
      { numRuns: 500 },
    );
    expect(verdicts.size).toBe(2);
  });

  it('a header without its signature, its time or its body is refused by both', () => {
    const anyChange = fc.record({
      part: fc.constantFrom('time', 'digest', 'body'),
      place: fc.nat(),
      character: fc.integer({ min: 0, max: 15 }).map((digit) => digit.toString(16)),
    });
    fc.assert(
      fc.property(anySigned, anyChange, ({ payload, secret }, { part, place, character }) => {
        const original = header(payload, secret);
        const parts = { time: String(NOW), digest: digestOf(original), body: payload };
        const before = parts[part];
        // In the order of whole characters, so that none is cut in two.
        const characters = Array.from(before);
        characters[place % characters.length] = character;
        parts[part] = characters.join('');
        fc.pre(parts[part] !== before);

        const given = `t=${parts.time},v1=${parts.digest}`;
        const now = Number(parts.time);
        expect(find(given, { body: parts.body, secrets: [secret], now })).toBeUndefined();
        expect(isTakenBySdk(given, parts.body, secret, now)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('nothing that it refuses passes, however a header is cut up', () => {
    const valid = digestOf(header());
    const piece = fc.oneof(
      fc.constantFrom(
        't',
        'v1',
        'v0',
        '=',
        ',',
        ' ',
        String(NOW),
        valid,
        valid.toUpperCase(),
        '\t',
        ';',
        '"',
      ),
      fc.constantFrom(`t=${NOW}`, `v1=${valid}`, `,v1=${valid}`),
      fc.string({ maxLength: 2 }),
    );
    let passed = 0;
    fc.assert(
      fc.property(fc.array(piece, { minLength: 2, maxLength: 6 }), (pieces) => {
        const given = pieces.join('');
        if (find(given, {}) === undefined) return;
        passed += 1;
        expect(isTakenBySdk(given)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
    expect(passed).toBeGreaterThan(0);
  });
});
