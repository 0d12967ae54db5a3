import { join } from 'node:path';
import { createKeyRingFile, readKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { CREDENTIAL_FIELDS, modeOf, type CredentialField } from '../src/payments/domain/credentials.js';
import { expectedMask, fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import {
  cleanUp,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from './support/process.js';
import { configPath, type TestResponse } from './support/service.js';
import { flat } from './support/stored-config.js';

/** What one PUT sends. */
type Put = Partial<Record<CredentialField, string>>;
type Row = Record<`${CredentialField}_${'sealed' | 'masked'}`, string | null>;

const ROUNDS = 200;
const CREATION_ROUNDS = 25;
const PUTS_PER_ROUND = 20;

let database: TestDatabase;
let services: ServiceProcess[];
let sealer: Sealer;
let projectId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  sealer = new Sealer(await readKeyRingFile(keyRingFile, { allowDevelopment: false }));
  const settings = serviceSettings(database.url, keyRingFile, { LOG_LEVEL: 'info' });
  services = await Promise.all([startServiceProcess(settings), startServiceProcess(settings)]);
});
afterAll(async () => {
  await cleanUp();
  await database.drop();
});
beforeEach(async () => {
  projectId = await createProject();
});

describe('concurrent PUTs through two services on one database', () => {
  it(`lose no field and tear no request, in ${ROUNDS} rounds of ${PUTS_PER_ROUND}`, async () => {
    let stored: Put = {};
    for (let round = 0; round < ROUNDS; round++) {
      const puts = putsOf(round);
      await sendAll(puts);
      stored = { ...stored, ...(await expectSerial(puts, stored)) };
    }
  }, 180_000);

  it(`lose nothing when all of them would create, in ${CREATION_ROUNDS} rounds`, async () => {
    for (let round = 0; round < CREATION_ROUNDS; round++) {
      projectId = await createProject();
      const puts = putsOf(`creation ${round}`);
      const answers = await sendAll(puts);
      await expectSerial(puts, {});
      expect(new Set(answers.map(({ json }) => (json as { id: string }).id)).size).toBe(1);
    }
  }, 180_000);

  it.each([
    ['creating', []],
    ['updating', [{ test_secret_key: fakeCredential('test_secret_key') }]],
  ])(
    'never store one webhook secret in both modes when %s',
    async (_, earlier) => {
      for (let round = 0; round < CREATION_ROUNDS; round++) {
        projectId = await createProject();
        await sendAll(earlier);
        const secret = fakeCredential('test_webhook_secret', round);
        const answers = await Promise.all(
          Array.from({ length: PUTS_PER_ROUND }, (_each, index) =>
            send(index, { [index % 4 < 2 ? 'test_webhook_secret' : 'live_webhook_secret']: secret }),
          ),
        );

        const { test_webhook_secret: test, live_webhook_secret: live } = await open();
        expect([test, live].filter((each) => each === secret)).toHaveLength(1);
        const winners = answers.filter((_each, index) => index % 4 < 2 === (test === secret));
        expect(winners.map(({ status }) => status)).toEqual(winners.map(() => 200));
        const losers = answers.filter((each) => !winners.includes(each));
        expect(
          new Set(losers.map(({ json }) => (json as { detail: { type: string }[] }).detail[0]?.type)),
        ).toEqual(new Set(['same_secret_in_both_modes']));
      }
    },
    180_000,
  );
});

/** Requests of one to three fields each; together they name every field several times. */
function putsOf(round: string | number): Put[] {
  return Array.from({ length: PUTS_PER_ROUND }, (_, index) => {
    const first = index % CREDENTIAL_FIELDS.length;
    const fields = [first, first + 1, first + 3].slice(0, 1 + (index % 3));
    return Object.fromEntries(
      fields.map((each) => {
        const field = CREDENTIAL_FIELDS[each % CREDENTIAL_FIELDS.length] ?? 'test_secret_key';
        return [field, fakeCredential(field, `${round} ${index}`)];
      }),
    );
  });
}

async function sendAll(puts: readonly Put[]): Promise<TestResponse[]> {
  const answers = await Promise.all(puts.map((put, index) => send(index, put)));
  expect(answers.map(({ status }) => status)).toEqual(puts.map(() => 200));
  return answers;
}

function send(index: number, body: Put): Promise<TestResponse> {
  return service(index).request('PUT', configPath(projectId), { body });
}

function createProject(): Promise<string> {
  return service(0).createProject();
}

function service(index: number): ServiceProcess {
  const found = services[index % services.length];
  if (found === undefined) throw new Error('no service');
  return found;
}

/**
 * Expects what is stored to be what the requests leave when they run one after the other, in some order.
 *
 * @returns what is stored
 */
async function expectSerial(puts: readonly Put[], before: Put): Promise<Put> {
  const stored = await open();
  /** For each request those that must have come after it, since they overwrote a field of it. */
  const later = new Map<Put, Set<Put>>(puts.map((put) => [put, new Set()]));
  for (const field of CREDENTIAL_FIELDS) {
    const writers = puts.filter((put) => put[field] !== undefined);
    const last = puts.find((put) => put[field] !== undefined && put[field] === stored[field]);
    expect([field, stored[field]]).toEqual([field, last === undefined ? before[field] : last[field]]);
    expect([field, last === undefined]).toEqual([field, writers.length === 0]);
    for (const writer of writers) if (last !== undefined && writer !== last) later.get(writer)?.add(last);
  }
  expect(withoutOrder(later)).toEqual([]);
  return stored;
}

/** The requests that are left when again and again those are taken away that nothing must follow. */
function withoutOrder(later: Map<Put, Set<Put>>): Put[] {
  const left = new Map(later);
  for (let size = -1; size !== left.size;) {
    size = left.size;
    for (const [put, followers] of left) {
      if (![...followers].some((each) => left.has(each))) left.delete(put);
    }
  }
  return [...left.keys()];
}

/** Opens what is stored, and expects each mask to be that of the value beside it. */
async function open(): Promise<Put> {
  const [stored] = await database.query('SELECT * FROM stripe_configs WHERE project_id = $1', [projectId]);
  const row = stored && (flat(stored) as Partial<Row>);
  const values: Put = {};
  for (const field of CREDENTIAL_FIELDS) {
    const sealed = row?.[`${field}_sealed`];
    if (typeof sealed !== 'string') continue;
    const context = { purpose: 'credential', projectId, mode: modeOf(field), field } as const;
    const value = sealer.open(sealed, context).reveal();
    expect(row?.[`${field}_masked`]).toBe(expectedMask(field, value));
    values[field] = value;
  }
  return values;
}
