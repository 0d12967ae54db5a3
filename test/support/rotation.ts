import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { readKeyRingFile } from '../../src/payments/crypto/key-ring-file.js';
import { KeyRing, ringKey } from '../../src/payments/crypto/key-ring.js';
import { Sealer, sealContext } from '../../src/payments/crypto/sealer.js';
import { CREDENTIAL_FIELDS, type CredentialField } from '../../src/payments/domain/credentials.js';
import { expectedMask, fakeCredential } from './credentials.js';
import type { TestDatabase } from './database.js';
import { configPath, type TestClient } from './service.js';
import { flat } from './stored-config.js';

export type Values = Partial<Record<CredentialField, string>>;
export type Row = Record<`${CredentialField}_${'sealed' | 'masked' | 'fingerprint'}`, string | undefined> & {
  id: string;
  project_id: string;
};

/** What `keys rewrap` prints of its progress. */
export interface RewrapProgress {
  rewrapped: number;
  done?: true;
}

/** The rings of a rotation from one key to another. */
export class RotationRings {
  private readonly newRoot = randomBytes(32);
  private readonly oldRoot = randomBytes(32);
  readonly before = new KeyRing([ringKey(this.oldRoot, 'active')]);
  readonly during = new KeyRing([ringKey(this.oldRoot, 'decrypt-only'), ringKey(this.newRoot, 'active')]);
  readonly backwards = new KeyRing([ringKey(this.oldRoot, 'active'), ringKey(this.newRoot, 'decrypt-only')]);
  readonly after = new KeyRing([ringKey(this.newRoot, 'active')]);

  /** Writes {@link during} as a file, for the command line. */
  async writeDuring(file: string): Promise<void> {
    const form = (
      [
        ['active', this.newRoot],
        ['decrypt-only', this.oldRoot],
      ] as const
    ).map(([as, root]) => {
      const { id, state } = ringKey(root, as);
      return { id, state, material: root.toString('base64'), created_at: '' };
    });
    await writeFile(file, JSON.stringify({ version: 1, keys: form }), { mode: 0o600 });
    const ring = await readKeyRingFile(file, { allowDevelopment: false });
    expect(ring.fingerprint()).toBe(this.during.fingerprint());
  }
}

/** The stored configurations, in the order of rewrapping. */
export async function rowsOf(database: TestDatabase): Promise<Row[]> {
  const rows = await database.query('SELECT * FROM stripe_configs ORDER BY project_id');
  return rows.map((row) => flat(row) as Row);
}

export async function countUnder(database: TestDatabase, keyId: string): Promise<number> {
  const found = (await rowsOf(database)).filter((row) =>
    CREDENTIAL_FIELDS.some((field) => row[`${field}_sealed`]?.split('.')[1] === keyId),
  );
  return found.length;
}

/** Opens all that is stored, by project, and expects each mask to be that of the value beside it. */
export async function openStored(database: TestDatabase, ring: KeyRing): Promise<Map<string, Values>> {
  const sealer = new Sealer(ring);
  return new Map(
    (await rowsOf(database)).map((row) => {
      const values: Values = {};
      for (const field of CREDENTIAL_FIELDS) {
        const sealed = row[`${field}_sealed`];
        if (sealed === undefined) continue;
        values[field] = sealer.open(sealed, sealContext(row.project_id, field)).reveal();
        expect(row[`${field}_masked`]).toBe(expectedMask(field, values[field]));
      }
      return [row.project_id, values];
    }),
  );
}

/** As many at once as the service has connections: a busy machine is no reason to be refused. */
const AT_ONCE = 10;

/** Configures new projects, and returns what was stored, by project. */
export async function configure(client: TestClient, count: number): Promise<Map<string, Values>> {
  const stored = new Map<string, Values>();
  for (let first = 0; first < count; first += AT_ONCE) {
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, count - first) }, async (_, index) => {
        const projectId = await client.createProject();
        const body = valuesOf(`start ${first + index}`, 'test_secret_key', 'live_webhook_secret');
        expect((await client.request('PUT', configPath(projectId), { body })).status).toBe(200);
        stored.set(projectId, body);
      }),
    );
  }
  return stored;
}

export function valuesOf(seed: string | number, ...fields: CredentialField[]): Values {
  return Object.fromEntries(fields.map((field) => [field, fakeCredential(field, seed)]));
}

/** What `keys rewrap` printed on its way. */
export function progressOf({ stdout }: { stdout: string }): RewrapProgress[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as RewrapProgress);
}
