import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { readEnv } from '../src/app/env.js';
import {
  activateKey,
  addKey,
  createKeyRingFile,
  describeKeyRing,
  readKeyRingFile,
  retireKey,
} from '../src/payments/crypto/key-ring-file.js';
import type { KeyRingForm } from '../src/payments/crypto/key-ring-form.js';
import { KEY_BYTES, KeyRingError, keyId, type KeyRing } from '../src/payments/crypto/key-ring.js';
import { crc32c } from '../src/payments/crypto/key-services/crc32c.js';
import type { KeyService, KeyServiceOptions } from '../src/payments/crypto/key-services/key-service.js';
import { openKeyService } from '../src/payments/crypto/key-services/open-key-service.js';
import { isKeyServiceKey, type KeyServiceKey } from '../src/payments/crypto/key-services/wrapped-key.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import type { SealContext } from '../src/payments/crypto/sealer.js';
import { Secret } from '../src/payments/crypto/secret.js';
import { AWS_ALIAS, AWS_ALIAS_ARN, startAwsKms } from './support/key-services/aws-kms-server.js';
import { BareCopy } from './support/key-services/bare-copy.js';
import { startGcpKms } from './support/key-services/gcp-kms-server.js';
import type { LocalKeyService } from './support/key-services/local-key-service.js';
import { SERVER_SAYS, type Answer } from './support/key-services/local-server.js';
import { startVaultTransit } from './support/key-services/vault-transit-server.js';

/*
 * One contract for every key service. Real here: this service's code, the official clients of AWS and Google Cloud
 * with their credentials chains, the wire formats, and AES-GCM that authenticates what binds a key. Stood in for: the
 * services themselves, by plain-http servers on this machine (test/support/key-services, each says how far it goes).
 * What only the real services can show is not shown: IAM, TLS to them, quotas, rotation on their side.
 */

const CONTEXT: SealContext = {
  purpose: 'credential',
  projectId: 'project',
  mode: 'test',
  field: 'secret_key',
};
const WRONG_ANSWER = /gave an answer that cannot be right/;
const NOT_OPENED = /does not open the key .* its ciphertext was changed, or wrapped under another id/;

let service: LocalKeyService;
let folder: string;
let path: string;
let root: Buffer;
const before: Record<string, string | undefined> = {};

function setEnvironment(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (!(name in before)) before[name] = process.env[name];
    process.env[name] = value;
  }
}

async function setUp(start: () => Promise<LocalKeyService>): Promise<void> {
  service = await start();
  setEnvironment(service.environment);
  folder = mkdtempSync(join(tmpdir(), 'key-services-spec-'));
  path = join(folder, 'key-ring.json');
  root = randomBytes(KEY_BYTES);
}

async function tearDown(): Promise<void> {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
    Reflect.deleteProperty(before, name);
  }
  rmSync(folder, { recursive: true });
  await service.stop();
}

/** Everything as it is reached here; options of a test stand above it. */
function options(changes: KeyServiceOptions = {}): KeyServiceOptions {
  return { allowLoopbackHttp: true, ...service.options, ...changes };
}

function open(changes?: KeyServiceOptions, key: KeyServiceKey = service.key): Promise<KeyService> {
  return openKeyService(key, options(changes));
}

function read(): Promise<KeyRing> {
  return readKeyRingFile(path, { allowDevelopment: false, keyServices: options() });
}

function createWrapped(): Promise<string> {
  return createKeyRingFile(path, { wrap: service.key, keyServices: options() });
}

function readForm(): KeyRingForm {
  return JSON.parse(readFileSync(path, 'utf8')) as KeyRingForm;
}

function editForm(edit: (form: KeyRingForm) => void): void {
  const form = readForm();
  edit(form);
  writeFileSync(path, JSON.stringify(form));
}

/** The message of the refusal, once it is known to be a KeyRingError that gives nothing away. */
async function refusal(call: Promise<unknown>): Promise<string> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof KeyRingError)) throw new Error('there was no KeyRingError', { cause: error });
  const shown = `${inspect(error, { depth: null, showHidden: true })} ${JSON.stringify(error)} ${error.stack ?? ''}`;
  expect(shown).not.toContain(SERVER_SAYS);
  for (const secret of [...service.secrets, root.toString('base64'), root.toString('hex')]) {
    for (let start = 0; start + 8 <= secret.length; start++) {
      expect(shown).not.toContain(secret.slice(start, start + 8));
    }
  }
  return error.message;
}

/** Changes one bit in the middle of what the service sealed, the form staying right. */
function tampered(ciphertext: string): string {
  const [, prefix = '', base64 = ''] = /^(vault:v1:)?(.*)$/.exec(ciphertext) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  return prefix + bytes.toString('base64');
}

describe.each<[string, () => Promise<LocalKeyService>]>([
  ['AWS KMS', startAwsKms],
  ['Google Cloud KMS', startGcpKms],
  ['Vault transit', startVaultTransit],
])('%s', (_name, start) => {
  beforeEach(() => setUp(start));
  afterEach(tearDown);

  it('unwraps what it wrapped, and never wraps a key the same way twice', async () => {
    const keys = await open();
    const id = keyId(root);
    const [first, second] = [await keys.wrap(root, id), await keys.wrap(root, id)];
    expect(first).not.toBe(second);
    expect(await keys.unwrap(first, id)).toEqual(root);
    expect(await keys.unwrap(second, id)).toEqual(root);
    expect(service.server.requests).toHaveLength(4);
  });

  it('does not unwrap under another key id', async () => {
    const keys = await open();
    const ciphertext = await keys.wrap(root, keyId(root));
    expect(await refusal(keys.unwrap(ciphertext, keyId(randomBytes(KEY_BYTES))))).toMatch(NOT_OPENED);
  });

  it('does not unwrap a ciphertext that was changed', async () => {
    const keys = await open();
    const ciphertext = await keys.wrap(root, keyId(root));
    const message = await refusal(keys.unwrap(tampered(ciphertext), keyId(root)));
    expect(message).toMatch(NOT_OPENED);
    expect(message).toContain(keyId(root));
  });

  describe('wrapping and unwrapping', () => {
    let keys: KeyService;
    let ciphertext: string;
    beforeEach(async () => {
      keys = await open();
      ciphertext = await keys.wrap(root, keyId(root));
    });

    async function refusals(overrule: ((honest: Answer) => Answer) | undefined): Promise<string[]> {
      service.server.overrule = overrule;
      return [
        await refusal(keys.wrap(root, keyId(root))),
        await refusal(keys.unwrap(ciphertext, keyId(root))),
      ];
    }

    function expectEach(messages: readonly string[], pattern: RegExp): void {
      for (const message of messages) {
        expect(message).toMatch(pattern);
        expect(message).toMatch(service.name);
      }
    }

    it('denied, names the permission', async () => {
      expectEach(
        await refusals(() => service.denial),
        /denies the use of its key .* check that the credentials have/,
      );
    });

    it('with credentials that are not accepted, names them', async () => {
      expectEach(await refusals(() => service.unauthenticated), /credentials/);
    });

    it('without credentials, names where they belong', async () => {
      setEnvironment(service.withoutCredentials.environment);
      keys = await openKeyService(service.key, {
        allowLoopbackHttp: true,
        ...service.withoutCredentials.options,
      });
      service.server.requests.length = 0;
      expectEach(await refusals(undefined), /has no valid credentials from here; check/);
      expect(service.server.requests).toEqual([]);
    });

    it('with a key that the service lacks, says so', async () => {
      expectEach(await refusals(() => service.unknownKey), /has no usable key of the name/);
    });

    it('while the service cannot serve, says so', async () => {
      expectEach(await refusals(() => service.unavailable), /cannot serve now/);
      expectEach(
        await refusals(() => ({ status: 502, body: `<html>${SERVER_SAYS}` })),
        /cannot serve now|cannot be right/,
      );
    });

    it('with the server down, names what to check', async () => {
      await service.server.stop();
      const messages = await refusals(undefined);
      expectEach(messages, /cannot be reached; check the network/);
      // Amazon's client wraps the system's error in a realm other than its own, as this runner's is, and loses its code.
      if (!service.name.test('AWS KMS')) expectEach(messages, /\(ECONNREFUSED\)$/);
    });

    it('with a server that never answers, ends at the deadline', async () => {
      keys = await open({ deadlineMs: 1_000 });
      service.server.requests.length = 0;
      service.server.overrule = () => 'hang';
      const calls = [keys.wrap(root, keyId(root)), keys.unwrap(ciphertext, keyId(root))];
      expectEach(await Promise.all(calls.map(refusal)), /did not answer in time/);
      expect(service.server.requests).toHaveLength(2);
    });

    it.each<[string, unknown]>([
      ['a page', `<html>${SERVER_SAYS}</html>`],
      ['nothing', ''],
      ['null', 'null'],
      ['a list', '[]'],
      ['an empty object', '{}'],
      ['JSON cut short', `{"data": {"plaintext": "${SERVER_SAYS}`],
    ])('answered with %s, is refused', async (_what, body) => {
      expectEach(await refusals((honest) => ({ ...honest, body })), WRONG_ANSWER);
    });

    it('with an answer that only this service can get wrong, is refused', async () => {
      for (const [what, overrule] of service.wrongUnwraps) {
        service.server.overrule = overrule;
        expect([what, await refusal(keys.unwrap(ciphertext, keyId(root)))]).toEqual([
          what,
          expect.stringMatching(WRONG_ANSWER),
        ]);
      }
      for (const [what, overrule] of service.wrongWraps) {
        service.server.overrule = overrule;
        expect([what, await refusal(keys.wrap(root, keyId(root)))]).toEqual([
          what,
          expect.stringMatching(WRONG_ANSWER),
        ]);
      }
    });

    it('redirected, gives the root key and the credentials to nobody else', async () => {
      const location = `${service.server.url}/elsewhere`;
      expectEach(
        await refusals(() => ({ status: 307, body: SERVER_SAYS, headers: { location } })),
        WRONG_ANSWER,
      );
      expect(service.server.requests.map(({ url }) => url)).not.toContain('/elsewhere');
    });

    it('does not travel in the clear unless that is allowed, and then only on this machine', async () => {
      service.server.requests.length = 0;
      expect(await refusal(open({ allowLoopbackHttp: false }))).toMatch(/must be an https address/);
      const elsewhere = JSON.stringify(service.key).replace('127.0.0.1', 'kms.example.com');
      expect(await refusal(open({}, JSON.parse(elsewhere) as KeyServiceKey))).toMatch(
        /must be an https address/,
      );
      expect(service.server.requests).toEqual([]);
    });
  });

  describe('a key ring of its keys', () => {
    it('seals and opens with the service stopped after the start, also across a rotation', async () => {
      const first = await createWrapped();
      const older = new Sealer(await read()).seal(new Secret('an older value'), CONTEXT);
      const second = await addKey(path, { wrap: service.key, keyServices: options() });
      await activateKey(path, second);

      service.server.requests.length = 0;
      service.server.gather = 2; // Answers only once both keys are asked for: they are unwrapped side by side.
      const ring = await read();
      expect(service.server.requests).toHaveLength(2);
      await service.server.stop();

      expect(ring.usable.map(({ id }) => id)).toEqual([second, first]);
      const sealer = new Sealer(ring);
      const newer = sealer.seal(new Secret('a newer value'), CONTEXT);
      expect(newer).toContain(second);
      expect(sealer.open(newer, CONTEXT).reveal()).toBe('a newer value');
      expect(sealer.open(older, CONTEXT).reveal()).toBe('an older value');
    });

    it('holds no key in the clear, and names the service', async () => {
      const id = await createWrapped();
      const [key] = readForm().keys;
      expect(Object.keys(key ?? {})).toEqual(['id', 'state', 'wrapped', 'created_at']);
      expect(key?.wrapped).toMatchObject(service.key);
      const description = await describeKeyRing(path);
      expect(description.keys).toMatchObject([{ id, state: 'active', service: service.key.service }]);
      expect(description.fingerprint).toBe((await read()).fingerprint());
    });

    it('is refused when a key was put under another id', async () => {
      await createWrapped();
      await addKey(path, { wrap: service.key, keyServices: options() });
      editForm(({ keys: [one, other] }) => {
        if (one?.wrapped === undefined || other?.wrapped === undefined) throw new Error('two wrapped keys');
        [one.wrapped, other.wrapped] = [other.wrapped, one.wrapped];
      });
      expect(await refusal(read())).toMatch(NOT_OPENED);
    });

    it('is refused when the service itself gives another key for an id', async () => {
      const id = await createWrapped();
      const ciphertext = await (await open()).wrap(root, id);
      editForm(({ keys: [key] }) => {
        if (key?.wrapped === undefined) throw new Error('a wrapped key');
        key.wrapped.ciphertext = ciphertext;
      });
      expect(await refusal(read())).toMatch(/id of a key does not match its material/);
    });

    it('does not ask for retired keys', async () => {
      const first = await createWrapped();
      await addKey(path, { wrap: service.key, keyServices: options() });
      const third = await addKey(path, { wrap: service.key, keyServices: options() });
      await retireKey(path, third);
      editForm(({ keys: [, second] }) => {
        if (second !== undefined) second.state = 'retired'; // By hand, its ciphertext still there.
      });
      service.server.requests.length = 0;
      expect((await read()).usable.map(({ id }) => id)).toEqual([first]);
      expect(service.server.requests).toHaveLength(1);
      expect((await describeKeyRing(path)).keys.map((key) => key.service)).toEqual([
        service.key.service,
        service.key.service,
        'none',
      ]);
    });

    it('is checked before the service is asked', async () => {
      await createWrapped();
      await addKey(path, { wrap: service.key, keyServices: options() });
      service.server.requests.length = 0;
      editForm(({ keys }) => {
        for (const key of keys) key.state = 'active';
      });
      expect(await refusal(read())).toMatch(/2 active keys/);
      editForm((form) => {
        form.development = true;
        form.keys.length = 1;
      });
      expect(await refusal(read())).toMatch(/made for development/);
      editForm((form) => {
        delete form.development;
        if (form.keys[0]?.wrapped !== undefined) form.keys[0].wrapped.ciphertext = '!';
      });
      expect(await refusal(read())).toMatch(/wrapped key .* has an unknown form/);
      expect(service.server.requests).toEqual([]);
    });

    it('is not made and not changed when the key cannot be wrapped', async () => {
      service.server.overrule = () => service.denial;
      expect(await refusal(createWrapped())).toMatch(/denies/);
      expect(() => readForm()).toThrow('ENOENT');
      service.server.overrule = undefined;
      await createWrapped();
      const text = readFileSync(path, 'utf8');
      service.server.overrule = () => service.denial;
      expect(await refusal(addKey(path, { wrap: service.key, keyServices: options() }))).toMatch(/denies/);
      expect(readFileSync(path, 'utf8')).toBe(text);
      service.server.overrule = undefined;
      await addKey(path, { wrap: service.key, keyServices: options() });
    });
  });
});

describe('the clients', () => {
  let bare: BareCopy;
  beforeAll(() => {
    bare = new BareCopy();
  });
  afterAll(() => {
    bare.remove();
  });
  afterEach(tearDown);

  it.each([startAwsKms, startGcpKms])(
    'that are not installed are named when a ring needs them',
    async (start) => {
      await setUp(start);
      await createWrapped();
      const needed = `KeyRingError: the key ring needs ${service.name.source}; install ${service.packageName ?? ''}`;
      expect(await bare.read(path, service.environment)).toBe(needed);
    },
  );

  it('are not loaded for a ring that names no service, or Vault', async () => {
    await setUp(startVaultTransit);
    const wrapped = await createWrapped();
    const { vaultToken, vaultNamespace = '' } = service.options;
    const environment = { VAULT_TOKEN: vaultToken?.reveal() ?? '', VAULT_NAMESPACE: vaultNamespace };
    expect(await bare.read(path, environment)).toBe(wrapped);
    const plain = join(folder, 'plain.json');
    expect(await createKeyRingFile(plain)).toBe(await bare.read(plain));
  });
});

describe('AWS KMS alone', () => {
  beforeEach(() => setUp(startAwsKms));
  afterEach(tearDown);

  function named(key: string, more: { region?: string; endpoint?: string } = {}): KeyServiceKey {
    return { service: 'aws-kms', key, endpoint: service.server.url, ...more };
  }

  it.each([AWS_ALIAS, AWS_ALIAS_ARN])('takes %s for its key', async (alias) => {
    const keys = await open({}, named(alias, { region: 'eu-central-1' }));
    const ciphertext = await keys.wrap(root, keyId(root));
    expect(await keys.unwrap(ciphertext, keyId(root))).toEqual(root);
  });

  it('takes a bare key id for its key', async () => {
    const id = service.key.key.slice(-36);
    const keys = await open({}, named(id, { region: 'eu-central-1' }));
    const ciphertext = await keys.wrap(root, keyId(root));
    service.server.overrule = (honest) => ({
      ...honest,
      body: { ...(honest.body as object), KeyId: service.key.key.replace(id, `x${id}`) },
    });
    expect(await refusal(keys.unwrap(ciphertext, keyId(root)))).toMatch(WRONG_ANSWER);
  });

  it('behind an alias of another account is refused', async () => {
    const keys = await open({}, named(AWS_ALIAS_ARN));
    service.server.overrule = (honest) => ({
      ...honest,
      body: { ...(honest.body as object), KeyId: service.key.key.replace('111122223333', '444455556666') },
    });
    expect(await refusal(keys.wrap(root, keyId(root)))).toMatch(WRONG_ANSWER);
  });

  it('needs a region where the key names none', async () => {
    const keys = await open({}, named(AWS_ALIAS));
    expect(await refusal(keys.wrap(root, keyId(root)))).toMatch(/AWS KMS needs a region; .* set AWS_REGION/);
    setEnvironment({ AWS_REGION: 'eu-central-1' });
    expect(await (await open({}, named(AWS_ALIAS))).wrap(root, keyId(root))).toBeTruthy();
  });

  it('validates an endpoint that comes from the environment too', async () => {
    setEnvironment({ AWS_ENDPOINT_URL_KMS: service.server.url });
    const key: KeyServiceKey = { service: 'aws-kms', key: service.key.key };
    const strict = await open({ allowLoopbackHttp: false }, key);
    expect(await refusal(strict.wrap(root, keyId(root)))).toMatch(/must be an https address/);
    expect(service.server.requests).toEqual([]);
    await (await open({}, key)).wrap(root, keyId(root));
    expect(service.server.requests).toHaveLength(1);
  });
});

describe('answers of any length', () => {
  afterEach(tearDown);

  it.each([startGcpKms, startVaultTransit])('are not read by %p', async (start) => {
    await setUp(start);
    const keys = await open();
    service.server.overrule = (honest) => ({
      ...honest,
      body: { ...(honest.body as object), padding: ' '.repeat(100_000) },
    });
    expect(await refusal(keys.wrap(root, keyId(root)))).toMatch(WRONG_ANSWER);
  });
});

describe('the token of Vault', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'key-services-spec-'));
    path = join(folder, 'token');
    writeFileSync(path, 'hvs.from-a-file\n');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it.each<[string, () => NodeJS.ProcessEnv, string | undefined]>([
    ['VAULT_TOKEN', () => ({ VAULT_TOKEN: 'hvs.from-a-variable' }), 'hvs.from-a-variable'],
    [
      'the file VAULT_TOKEN_FILE, without its line end',
      () => ({ VAULT_TOKEN_FILE: path }),
      'hvs.from-a-file',
    ],
    ['nowhere', () => ({}), undefined],
  ])('is taken from %s', (_name, variables, token) => {
    const env = readEnv({ ...variables(), VAULT_NAMESPACE: 'team' });
    expect(env.vaultToken?.reveal()).toBe(token);
    expect(env.vaultNamespace).toBe('team');
  });

  it.each<[string, () => NodeJS.ProcessEnv, RegExp]>([
    [
      'both are set',
      () => ({ VAULT_TOKEN: 'hvs.from-a-variable', VAULT_TOKEN_FILE: path }),
      /VAULT_TOKEN cannot stand beside VAULT_TOKEN_FILE/,
    ],
    [
      'the file cannot be read',
      () => ({ VAULT_TOKEN_FILE: join(folder, 'none') }),
      /VAULT_TOKEN_FILE names a file that cannot be read \(ENOENT\): there is no such file/,
    ],
  ])('is refused when %s', (_name, variables, message) => {
    expect(() => readEnv(variables())).toThrow(message);
    expect(() => readEnv(variables())).not.toThrow(/hvs/);
  });
});

describe('CRC32C', () => {
  it.each([
    ['123456789', 0xe3069283],
    ['', 0],
  ])('of %j is the published value', (text, checksum) => {
    expect(crc32c(Buffer.from(text))).toBe(checksum);
  });

  it('of 32 zeros is that of RFC 3720', () => {
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
  });
});

describe('what names a key of a key service', () => {
  const gcp = 'projects/p/locations/l/keyRings/r/cryptoKeys/k';
  it.each<[unknown, boolean]>([
    [{ service: 'aws-kms', key: 'arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-0123' }, true],
    [
      { service: 'aws-kms', key: 'alias/a/b', region: 'eu-west-1', endpoint: 'https://kms.example.com' },
      true,
    ],
    [{ service: 'aws-kms', key: 'arn:aws:s3:::bucket' }, false],
    [{ service: 'aws-kms', key: 'alias/a', region: 'eu west' }, false],
    [{ service: 'aws-kms', key: 'alias/a', endpoint: 1 }, false],
    [{ service: 'aws-kms' }, false],
    [{ service: 'gcp-kms', key: gcp }, true],
    [{ service: 'gcp-kms', key: gcp, endpoint: 'https://kms.example.com:8443/' }, true],
    [{ service: 'gcp-kms', key: gcp, endpoint: 'https://kms.example.com/path' }, false],
    [{ service: 'gcp-kms', key: `${gcp}/cryptoKeyVersions/1` }, false],
    [{ service: 'gcp-kms', key: `${gcp}:encrypt?x=` }, false],
    [{ service: 'vault-transit', address: 'https://vault.example.com', mount: 'a/b', key: 'k.1-x' }, true],
    [{ service: 'vault-transit', address: 'https://vault.example.com', mount: 'a/../b', key: 'k' }, false],
    [{ service: 'vault-transit', address: 'https://vault.example.com', mount: 'a', key: '..' }, false],
    [{ service: 'vault-transit', address: 'https://vault.example.com', mount: 'a', key: 'k/x' }, false],
    [{ service: 'vault-transit', address: 'https://vault.example.com', mount: '', key: 'k' }, false],
    [{ service: 'vault-transit', mount: 'a', key: 'k' }, false],
    [{ service: 'other', key: 'k' }, false],
    [null, false],
    ['aws-kms', false],
  ])('%j: %p', (value, valid) => {
    expect(isKeyServiceKey(value)).toBe(valid);
  });
});
