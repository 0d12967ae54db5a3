import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  verify,
  type KeyObject,
} from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from '../src/app/migrate.js';
import { createTestDatabase, queryWithoutTriggers, type TestDatabase } from './support/database.js';
import { entryHashOf } from '../src/payments/stripe-config/audit-trail.js';
import { cleanUp, runCommand, temporaryFolder } from './support/process.js';
import { createConfig, moveVersion } from './support/written-changes.js';

let database: TestDatabase;
let folder: string;
let projects: string[];

beforeAll(async () => {
  folder = await temporaryFolder();
  writeKeys('signer', generateKeyPairSync('ed25519'));
});
afterAll(cleanUp);
beforeEach(async () => {
  database = await createTestDatabase();
  await migrate(database.url);
  projects = [randomUUID(), randomUUID(), randomUUID()].sort();
  for (const project of projects) {
    await createConfig(database, project);
    await change(project);
    await change(project);
  }
});
afterEach(() => database.drop());

const path = (name: string) => join(folder, name);
const project = (index: number) => projects[index] ?? '';

function writeKeys(name: string, keys: { publicKey: KeyObject; privateKey: KeyObject }): void {
  const privateKey = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });
  writeFileSync(path(`${name}.pem`), privateKey, { mode: 0o600 });
  writeFileSync(path(`${name}.pub.pem`), keys.publicKey.export({ type: 'spki', format: 'pem' }));
}

const change = (id: string) => moveVersion(database, id, 'alice');
const remove = (id: string) =>
  database.query(
    `INSERT INTO stripe_configs (project_id, is_active, removed_at) VALUES ($1, false, now())
     ON CONFLICT (project_id) DO UPDATE SET removed_at = now()`,
    [id],
  );

const audit = (...args: string[]) => runCommand('audit', args, { DATABASE_URL: database.url });
async function exported(signer = 'signer'): Promise<string> {
  const file = path(`${randomUUID()}.jsonl`);
  expect(await audit('export', file, '--key', path(`${signer}.pem`))).toMatchObject({ code: 0, stderr: '' });
  return file;
}
const verified = (file: string, key = 'signer.pub.pem') =>
  audit('verify', '--checkpoint', file, '--public-key', path(key));

/** The faults that are found, by project; none when the command is content. */
async function faultsSince(file: string): Promise<[number, number, string][]> {
  const { code, stdout } = await verified(file);
  const found = stdout
    .split('\n')
    .filter((line) => line.includes('"fault"'))
    .map((line) => JSON.parse(line) as { projectId: string; version: number; fault: string });
  expect(code).toBe(found.length === 0 ? 0 : 1);
  return found.map(({ projectId, version, fault }) => [projects.indexOf(projectId), version, fault]);
}

/** Writes a trail anew, as its owner can: every hash fits again. */
async function rewrite(id: string, edit: string): Promise<void> {
  await queryWithoutTriggers(database, edit);
  await queryWithoutTriggers(
    database,
    `DO $$
    DECLARE entry stripe_config_audit; previous bytea := '';
    BEGIN
      FOR entry IN SELECT * FROM stripe_config_audit WHERE project_id = '${id}' ORDER BY version LOOP
        entry.previous_hash := previous;
        entry.hash := ${entryHashOf('entry')};
        UPDATE stripe_config_audit SET previous_hash = entry.previous_hash, hash = entry.hash
          WHERE project_id = entry.project_id AND version = entry.version;
        previous := entry.hash;
      END LOOP;
      UPDATE stripe_configs SET trail_hash = previous WHERE project_id = '${id}';
    END $$`,
  );
}

it('a checkpoint has a line for each project, and a signature that any library verifies', async () => {
  const withoutConfig = randomUUID();
  await remove(project(1));
  await remove(withoutConfig);
  const lines = readFileSync(await exported(), 'utf8')
    .trimEnd()
    .split('\n');
  const { signature } = JSON.parse(lines.pop() ?? '') as { signature: string };

  const rows = await database.query<{ project_id: string; hash: string }>(
    `SELECT project_id, encode(hash, 'hex') AS hash FROM stripe_config_audit WHERE version = 3`,
  );
  const expected = [
    ...rows.map(({ project_id, hash }) => ({
      project_id,
      version: 3,
      hash,
      ...(project_id === project(1) && { removed: true }),
    })),
    { project_id: withoutConfig, version: 0, hash: '', removed: true },
  ].sort((one, two) => (one.project_id < two.project_id ? -1 : 1));
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(expected);

  const [header = '', payload = '', bytes = ''] = signature.split('.');
  const publicKey = createPublicKey(readFileSync(path('signer.pub.pem')));
  const isSigned = verify(
    null,
    Buffer.from(`${header}.${payload}`),
    publicKey,
    Buffer.from(bytes, 'base64url'),
  );
  expect(isSigned).toBe(true);
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toEqual({
    taken_at: expect.any(String) as string,
    chains: 4,
    removed: 2,
    trails: { access: 0 },
    sha256: createHash('sha256')
      .update(lines.map((line) => `${line}\n`).join(''))
      .digest('hex'),
  });
});

it('a trail that goes on continues it, also once people and projects were erased', async () => {
  const file = await exported();
  await change(project(0));
  await remove(project(1));
  await database.query('UPDATE stripe_config_audit SET actor = NULL, actor_salt = NULL');
  const later = randomUUID();
  await createConfig(database, later);
  expect(await verified(file)).toEqual({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/continues each of the 3 chain\(s\) of the checkpoint/) as unknown,
  });
});

it('it notices what was written anew since, where the trail by itself is in order', async () => {
  await remove(project(1));
  const file = await exported();
  await change(project(0));
  const at = (index: number) => `WHERE project_id = '${project(index)}'`;

  await rewrite(project(0), `UPDATE stripe_config_audit SET action = 'deleted' ${at(0)} AND version = 2`);
  await rewrite(project(1), `DELETE FROM stripe_config_audit ${at(1)} AND version = 3`);
  await queryWithoutTriggers(database, `UPDATE stripe_configs SET version = 2 ${at(1)}`);
  await queryWithoutTriggers(database, `UPDATE stripe_configs SET removed_at = NULL ${at(1)}`);
  await queryWithoutTriggers(database, `DELETE FROM stripe_config_audit ${at(2)}`);
  await queryWithoutTriggers(database, `DELETE FROM stripe_configs ${at(2)}`);

  expect(await audit('verify')).toMatchObject({ code: 0, stderr: '' });
  expect(await faultsSince(file)).toEqual([
    [0, 3, 'rewritten since the checkpoint'],
    [1, 3, 'ends before the checkpoint'],
    [1, 3, 'no longer removed'],
    [2, 3, 'missing since the checkpoint'],
  ]);
});

it('no checkpoint is written of a trail that lacks its end, and none over another file', async () => {
  const file = path('of-a-broken-trail.jsonl');
  await queryWithoutTriggers(database, 'DELETE FROM stripe_config_audit WHERE version = 3');
  expect(await audit('export', file, '--key', path('signer.pem'))).toMatchObject({
    code: 1,
    stderr: `The audit trail lacks the row of version 3 of project ${project(0)}; see "audit verify". No checkpoint was written.\n`,
  });
  expect(existsSync(file)).toBe(false);

  const other = path('signer.pub.pem');
  const before = readFileSync(other, 'utf8');
  expect(await audit('export', other, '--key', path('signer.pem'))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/exists; a checkpoint is never replaced/) as unknown,
  });
  expect(readFileSync(other, 'utf8')).toBe(before);
});

describe('a checkpoint is refused', () => {
  let file: string;
  beforeEach(async () => {
    file = await exported();
  });

  it.each<[string, (text: string) => string, RegExp]>([
    [
      'with a changed line',
      (text) => text.replace('"version":3', '"version":2'),
      /changed after it was signed/,
    ],
    ['with a line fewer', (text) => text.slice(text.indexOf('\n') + 1), /changed after it was signed/],
    ['that is cut', (text) => text.slice(0, text.lastIndexOf('{')), /does not end in a signature/],
    ['that is empty', () => '', /does not end in a signature/],
    [
      'with a changed signature',
      (text) => text.replace(/\.([\w-]+)\./, '.e30.'),
      /was not signed by the key/,
    ],
  ])('%s', async (_, edit, message) => {
    writeFileSync(file, edit(readFileSync(file, 'utf8')));
    expect(await verified(file)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(message) as unknown,
    });
  });

  it('of another key, or with a key that is none for it', async () => {
    writeKeys('other', generateKeyPairSync('ed25519'));
    writeKeys('p256', generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    writeKeys('rsa', generateKeyPairSync('rsa', { modulusLength: 2048 }));
    for (const [key, message] of [
      ['other.pub.pem', /was not signed by the key/],
      ['p256.pub.pem', /was not signed by the key/],
      ['rsa.pub.pem', /neither Ed25519 nor P-256/],
      ['signer.pem', /is a private key/],
      ['none.pem', /cannot be read \(ENOENT\)/],
    ] as const) {
      const { code, stdout, stderr } = await verified(file, key);
      expect({ code, stdout, stderr }).toEqual({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(message) as unknown,
      });
    }
    expect(await verified(await exported('p256'), 'p256.pub.pem')).toMatchObject({ code: 0 });
    expect(await verified(path('.'))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^--checkpoint .* is no file/) as unknown,
    });
    chmodSync(path('p256.pem'), 0o644);
    expect(await audit('export', path('warned.jsonl'), '--key', path('p256.pem'))).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/may be read by every user.*whoever reads it signs/) as unknown,
    });
    expect(await audit('verify', '--checkpoint', file)).toMatchObject({
      code: 1,
      stderr: '--checkpoint and --public-key belong together; name both files.\n',
    });
  });

  it('where only something else was signed by the same key', async () => {
    const { CompactSign } = await import('jose');
    const { createPrivateKey } = await import('node:crypto');
    const text = readFileSync(file, 'utf8');
    const { signature } = JSON.parse(text.slice(text.lastIndexOf('{"signature"'))) as { signature: string };
    const other = await new CompactSign(Buffer.from(signature.split('.')[1] ?? '', 'base64url'))
      .setProtectedHeader({ alg: 'EdDSA' })
      .sign(createPrivateKey(readFileSync(path('signer.pem'))));
    writeFileSync(file, text.replace(signature, other));
    expect(await verified(file)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not signed by/) as unknown,
    });
  });
});

it('is a command of the package, too', async () => {
  const file = path('of-the-package.jsonl');
  const command = (...args: string[]) =>
    runCommand('nest-stripe-config', ['audit', ...args, '--json'], { DATABASE_URL: database.url });
  const { code, stdout } = await command('export', file, '--key', path('signer.pem'));
  expect([code, JSON.parse(stdout)]).toEqual([
    0,
    expect.objectContaining({ file, chains: 3, removed: 0, sha256: expect.any(String) as string }),
  ]);
  const found = await command('verify', '--checkpoint', file, '--public-key', path('signer.pub.pem'));
  expect(JSON.parse(found.stdout)).toMatchObject({ faults: [], checkpoint: { chains: 3 } });
});
