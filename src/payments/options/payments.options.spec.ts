import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { KeyRing, ringKey } from '../crypto/key-ring.js';
import { JwtAuthGuard } from '../http/access/jwt-auth.guard.js';
import { PaymentsOptionsError } from './options-error.js';
import { resolveOptions } from './resolve-options.js';
import type { PaymentsModuleExtras, PaymentsModuleOptions } from './payments.options.js';
import { ProjectAccess } from '../domain/project-access.js';

class Projects extends ProjectAccess {
  findOwner(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  listOwnedBy(): Promise<{ projects: []; total: number }> {
    return Promise.resolve({ projects: [], total: 0 });
  }
}

const SECRET = createSecretKey(randomBytes(32));
const GUARD = { canActivate: () => true };
const ISSUER = { issuer: 'https://id.example.test', audience: 'shop' };

const OPTIONS: PaymentsModuleOptions = {
  keyRing: new KeyRing([ringKey(randomBytes(32), 'active')]),
  projects: new Projects(),
  auth: { secret: SECRET },
  publicBaseUrl: 'https://shop.example.test',
};

/** What is said of options that JavaScript, which knows no types, may give. */
function faultsOf(changes: object): readonly string[] {
  try {
    resolveOptions({ ...OPTIONS, ...changes }, 'billing');
  } catch (error) {
    if (error instanceof PaymentsOptionsError) return error.faults;
    throw error;
  }
  return [];
}

describe('resolveOptions', () => {
  it('puts the documented defaults in their places', () => {
    expect(resolveOptions(OPTIONS, 'billing')).toMatchObject({
      basePath: 'billing',
      publicBaseUrl: 'https://shop.example.test',
      stripeApiBase: 'https://api.stripe.com',
      webhookSecretOverlapHours: 24,
      eventRetentionDays: 45,
      eraseEventsOnDelete: false,
      limits: { stripeCallsPerMinute: 5, stripeCallsAtOnce: 8, eventsAtOnce: 4 },
      clock: Date.now,
    });
  });

  it('keeps what is given', () => {
    const clock = () => 5;
    const given = {
      stripeApiBase: 'http://127.0.0.1:1',
      webhookSecretOverlapHours: 0,
      eventRetentionDays: 35,
      eraseEventsOnDelete: true,
      limits: { stripeCallsPerMinute: 1 },
      clock,
    };
    expect(resolveOptions({ ...OPTIONS, ...given }, 'billing')).toMatchObject({
      ...given,
      limits: { stripeCallsPerMinute: 1, stripeCallsAtOnce: 8, eventsAtOnce: 4 },
    });
  });

  it('takes slashes off the end of the public base URL', () => {
    const { publicBaseUrl } = resolveOptions({ ...OPTIONS, publicBaseUrl: 'https://a.example//' }, 'billing');
    expect(publicBaseUrl).toBe('https://a.example');
  });

  it.each([
    ['the path of a file', '/run/secrets/ring.json'],
    [
      'an opened file',
      { file: '/run/ring.json', ring: OPTIONS.keyRing, read: () => Promise.reject(new Error()) },
    ],
  ])('takes %s for the ring', (_, keyRing) => {
    expect(faultsOf({ keyRing })).toEqual([]);
  });

  it.each([
    ['keyRing', undefined],
    ['keyRing', ''],
    ['keyRing', null],
    ['keyRing', { keys: [] }],
    ['projects', undefined],
    ['projects', null],
    ['projects', 'ProjectService'],
    ['projects', { findOwner: () => undefined }],
    ['auth', undefined],
    ['auth', null],
    ['auth', {}],
    ['auth', { guard: GUARD, secret: SECRET }],
    ['auth', { secret: undefined, issuer: 'https://id.example.test', audience: 'shop' }],
    ['publicBaseUrl', undefined],
    ['publicBaseUrl', 'shop.example.test'],
    ['publicBaseUrl', 'ftp://shop.example.test'],
    ['stripeApiBase', 'stripe'],
    ['stripeApiBase', 'https://proxy.example.test/stripe'],
    ['webhookSecretOverlapHours', -1],
    ['webhookSecretOverlapHours', 169],
    ['webhookSecretOverlapHours', '24'],
    // Stripe sends an event again for 30 days.
    ['eventRetentionDays', 34],
    ['eventRetentionDays', 0],
    ['eventRetentionDays', 3651],
    ['eventRetentionDays', 45.5],
    ['eventRetentionDays', '45'],
    ['eventRetentionDays', 'for ever'],
    ['eraseEventsOnDelete', 'true'],
    ['limits', { stripeCallsPerMinute: 0 }],
    ['limits', { stripeCallsAtOnce: 1.5 }],
    ['limits', { eventsAtOnce: 0 }],
    ['clock', 5],
  ])('refuses %s %j by its name', (option, value) => {
    const faults = faultsOf({ [option]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${option}\\b`));
  });

  it.each([
    ['guard', { guard: undefined }],
    ['guard', { guard: { judge: () => true } }],
    ['subject', { guard: GUARD, subject: 'user.id' }],
    ['secret', { secret: undefined }],
    ['secret', { secret: 'a text of more than thirty-two bytes' }],
    ['secret', { secret: createSecretKey(randomBytes(31)) }],
    ['secret', { secret: generateKeyPairSync('ed25519').publicKey }],
    ['requiredScope', { secret: SECRET, requiredScope: '' }],
    ['requiredScope', { secret: SECRET, requiredScope: ['payments'] }],
    ['requiredScope', { ...ISSUER, requiredScope: 'payments write' }],
    ['issuer', { ...ISSUER, issuer: 'id.example.test' }],
    ['audience', { ...ISSUER, audience: undefined }],
    ['audience', { ...ISSUER, audience: '' }],
    ['jwksUri', { ...ISSUER, jwksUri: '/jwks.json' }],
  ])('refuses auth whose %s is wrong: %j', (part, auth) => {
    const faults = faultsOf({ auth });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^auth\\.${part}\\b`));
  });

  it.each([
    { guard: GUARD },
    { guard: JwtAuthGuard, subject: () => 'alice' },
    { secret: SECRET, requiredScope: 'payments:write' },
    ISSUER,
    { ...ISSUER, jwksUri: 'https://id.example.test/jwks.json', requiredScope: undefined },
  ])('takes the auth %j', (auth) => {
    expect(faultsOf({ auth })).toEqual([]);
  });

  it.each(['', 'a//b', 'a/:id', 'a b', 'a/*'])('refuses the base path %j', (basePath) => {
    expect(() => resolveOptions(OPTIONS, basePath)).toThrow(/\n- basePath must be/);
  });

  it.each<[string, PaymentsModuleExtras['projectIds']]>([
    ['nothing', undefined],
    ['a name', 'ulid'],
    ['a pattern', { pattern: /^prj_[0-9a-z]{4,16}$/, example: 'prj_8f3a' }],
    ['a pattern of code points', { pattern: /^\d{1,9}$/u, example: '42' }],
    ['a choice of whole ids', { pattern: /^(?:a|b)$/, example: 'a' }],
  ])('takes %s for projectIds', (_, projectIds) => {
    expect(resolveOptions(OPTIONS, 'billing', { projectIds }).projectIds.words).toMatch(/, such as /);
  });

  it.each<[string, unknown, RegExp]>([
    ['an unknown name', 'int', /must be uuid, integer, .*, or \{ pattern, example \}/],
    ['null', null, /must be uuid, integer/],
    ['a bare pattern', /^\d+$/, /must be uuid, integer/],
    ['a text for a pattern', { pattern: '^\\d+$', example: '42' }, /must be uuid, integer/],
    ['no example', { pattern: /^\d+$/ }, /must be uuid, integer/],
    ['a flag that remembers', { pattern: /^\d+$/g, example: '42' }, /pattern has flags/],
    ['a flag that sticks', { pattern: /^\d+$/y, example: '42' }, /pattern has flags/],
    ['a flag for letters of both cases', { pattern: /^[a-z]+$/i, example: 'a' }, /pattern has flags/],
    ['a flag for lines', { pattern: /^\d+$/m, example: '42' }, /pattern has flags/],
    ['no anchors', { pattern: /\d+/, example: '42' }, /which is no id; write \^ before it and \$ behind it/],
    ['no anchor before it', { pattern: /\d+$/, example: '42' }, /matches "\/42"/],
    ['no anchor behind it', { pattern: /^\d+/, example: '42' }, /matches "42\/"/],
    ['anchors of parts', { pattern: /^a|b$/, example: 'a' }, /matches "a b"/],
    ['another example', { pattern: /^\d+$/, example: 'x' }, /example must be an id that .*pattern matches/],
    ['an empty example', { pattern: /^\d*$/, example: '' }, /example must be an id/],
    ['an example for no URL', { pattern: /^[a-z]+:\d+$/, example: 'shop:42' }, /example must be an id/],
    ['an example of dots', { pattern: /^[.]+$/, example: '..' }, /example must be an id/],
    ['a long example', { pattern: /^a+$/, example: 'a'.repeat(65) }, /example must be an id/],
    ['nothing', { pattern: /^\d*$/, example: '42' }, /matches "", which is no id/],
    ['spaces', { pattern: /^[^/]+$/, example: '42' }, /matches "a b", which is no id/],
    ['slashes', { pattern: /^[\w/]+$/, example: '42' }, /matches "a\/b"/],
    ['letters of any script', { pattern: /^\p{Letter}+$/u, example: 'a' }, /matches "\u00e9"/],
  ])('refuses %s in projectIds', (_, projectIds, message) => {
    const resolve = () => resolveOptions(OPTIONS, 'billing', { projectIds } as PaymentsModuleExtras);
    expect(resolve).toThrow(PaymentsOptionsError);
    expect(resolve).toThrow(message);
    expect(resolve).toThrow(/\n- projectIds/);
  });

  it('refuses projectIds of a factory, which come too late', () => {
    expect(faultsOf({ projectIds: 'integer' })).toEqual([expect.stringMatching(/beside useFactory/)]);
    const both = { ...OPTIONS, projectIds: 'integer' };
    expect(resolveOptions(both, 'billing', { projectIds: 'integer' }).projectIds.find(42)).toBe('42');
  });

  it('names all that is necessary when a factory returns nothing', () => {
    const resolve = () => resolveOptions(undefined as never, 'billing');
    expect(resolve).toThrow(PaymentsOptionsError);
    expect(resolve).toThrow(
      /- keyRing is missing[^]*- projects is missing[^]*- auth must[^]*- publicBaseUrl must/,
    );
  });

  it('names everything that is wrong at once, and shows no value', () => {
    const secret = `value-${randomBytes(8).toString('hex')}`;
    let message = '';
    try {
      resolveOptions({ keyRing: 5, auth: { token: secret }, publicBaseUrl: secret } as never, 'billing');
    } catch (error) {
      message = String(error);
    }
    for (const option of ['keyRing', 'projects', 'auth', 'publicBaseUrl']) expect(message).toContain(option);
    expect(message).not.toContain(secret);
  });
});
