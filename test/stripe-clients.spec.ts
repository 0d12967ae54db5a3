import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { jest } from '@jest/globals';
import { getDataSourceToken } from '@nestjs/typeorm';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { PAYMENTS_DATABASE, type Database } from '../src/payments/database/database.js';
import { KeyRing, ringKey } from '../src/payments/crypto/key-ring.js';
import { Sealer } from '../src/payments/crypto/sealer.js';
import { CurrentKeyRing } from '../src/payments/key-ring/current-key-ring.js';
import { rewrap } from '../src/payments/key-rotation/rewrap.js';
import {
  DependencyUnavailable,
  StripeCredentialsError,
  ValidationFailed,
  type CredentialsFault,
} from '../src/payments/domain/errors.js';
import { ChangeAnnouncements } from '../src/payments/stripe-config/change-announcements.js';
import { StripeClients } from '../src/payments/stripe-clients/stripe-clients.js';
import { FIND_KEY } from '../src/payments/stripe-clients/stripe-clients.statements.js';
import { NOTIFY } from '../src/payments/stripe-config/stripe-config.statements.js';
import { FIND_VERSIONS } from '../src/payments/stripe-config/stripe-config.statements.js';
import type { CredentialField, Mode } from '../src/payments/domain/credentials.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, queryWithoutTriggers, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import {
  configPath,
  startTestService,
  type TestService,
  type TestServiceOptions,
} from './support/service.js';
import { LocalStripe } from './support/stripe/local-stripe.js';
import { startTcpProxy } from './support/tcp-proxy.js';
import { setPart } from './support/stored-config.js';

/** Every replica can open what either key sealed. */
const ROOTS = [randomBytes(32), randomBytes(32)] as const;
const RING = new KeyRing([ringKey(ROOTS[0], 'active'), ringKey(ROOTS[1], 'decrypt-only')]);
const OTHER_RING = new KeyRing([ringKey(ROOTS[0], 'decrypt-only'), ringKey(ROOTS[1], 'active')]);

let database: TestDatabase;
let stripe: LocalStripe;
/** Where configurations are changed. */
let here: TestService;
/** Where it must be noticed. */
let there: TestService;
let clients: StripeClients;
let projectId: string;
/** The projects whose changes were announced to that replica. */
let announcedThere: (string | undefined)[];
let announced = true;

beforeAll(async () => {
  database = await createTestDatabase();
  stripe = await LocalStripe.start();
  here = await startReplica();
  there = await startReplica();
  clients = there.app.get(StripeClients);
  announcedThere = announcementsTo(there);
  await listening(2);
});
afterAll(async () => {
  await there.stop();
  await here.stop();
  await stripe.stop();
  await database.drop();
});
beforeEach(async () => {
  projectId = await here.createProject();
});
afterEach(() => {
  jest.restoreAllMocks();
  stripe.fault = undefined;
});

const startReplica = (databaseUrl = database.url, options: TestServiceOptions = {}) =>
  startTestService({ database, databaseUrl, keyRing: RING, stripeApiBase: stripe.url, ...options });

/** The projects whose changes are announced to a replica, from now on. */
function announcementsTo(replica: TestService): (string | undefined)[] {
  const announcedProjects: (string | undefined)[] = [];
  replica.app.get(ChangeAnnouncements).subscribe((id) => announcedProjects.push(id));
  return announcedProjects;
}

/** Returns once the change is noticed there, if it is announced: what is asked for then stays. */
async function change(method: 'PUT' | 'DELETE', body?: Partial<Record<CredentialField, string>>) {
  const before = announcedThere.filter((id) => id === projectId).length;
  const { status } = await here.request(method, configPath(projectId), { body });
  expect(status).toBe(method === 'PUT' ? 200 : 204);
  if (!announced) return;
  await eventually('it is announced', () => announcedThere.filter((id) => id === projectId).length > before);
}

const put = (seed: string, ...fields: CredentialField[]) =>
  change('PUT', Object.fromEntries(fields.map((field) => [field, fakeCredential(field, seed)])));

/** The key that Stripe gets from a project's client. */
async function keyInUse(mode: Mode = 'test', of = clients): Promise<string | undefined> {
  stripe.fault = { kind: 'json', status: 200, body: { object: 'balance' } };
  await (await of.forProject(projectId, mode)).balance.retrieve();
  return stripe.requests.at(-1)?.key;
}

async function faultOf(call: Promise<unknown>): Promise<[CredentialsFault, Mode]> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof StripeCredentialsError) return [error.reason, error.mode];
  throw new Error('not a fault of credentials', { cause: error });
}

/** The backends that listen, in the order of their start. */
async function listeners(): Promise<number[]> {
  const rows = await database.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%' ORDER BY backend_start`,
  );
  return rows.map(({ pid }) => pid);
}

const listening = (count: number) =>
  eventually(`${count} replicas listen`, async () => (await listeners()).length === count);

/** Does something else instead of the statements of all pools in this process, or lets them pass. */
function interceptQueries(
  handle: (name: string | undefined, pass: () => unknown) => unknown,
): jest.SpiedFunction<(...args: unknown[]) => unknown> {
  const { prototype } = pg.Client;
  const real = Reflect.get(prototype, 'query') as (...args: unknown[]) => unknown;
  return jest.spyOn(prototype as { query: typeof real }, 'query').mockImplementation(function (
    this: unknown,
    ...args
  ) {
    // A number behind the name stands for the schema that its text names.
    const name = (args[0] as pg.QueryConfig).name?.replace(/\.\d+$/, '');
    return handle(name, () => real.apply(this, args));
  });
}

/** What a pooler says: the number in BackendKeyData (protocol 3.0, message K of 12 bytes) is none of the server's. */
function withAnotherProcess(fromServer: Buffer): Buffer {
  const message = Buffer.from([0x4b, 0, 0, 0, 12]);
  const at = fromServer.indexOf(message);
  if (at >= 0) fromServer.writeInt32BE(1, at + message.length);
  return fromServer;
}

/** Nothing is compared any more, so that announcements are all there is. */
function stopComparing(): void {
  interceptQueries((name, pass) =>
    name === FIND_VERSIONS.name ? Promise.resolve({ rows: undefined }) : pass(),
  );
}

/** Does something while the announcements of changes are lost. */
async function unannounced(work: () => Promise<void>): Promise<void> {
  const lost = interceptQueries((name, pass) =>
    name === NOTIFY.name ? Promise.resolve({ rows: [] }) : pass(),
  );
  announced = false;
  try {
    await work();
  } finally {
    announced = true;
    lost.mockRestore();
  }
}

describe('a client', () => {
  it.each(['test', 'live'] as const)('charges with the %s key of its project', async (mode) => {
    await put('charge', 'test_secret_key', 'live_secret_key');
    const intent = { id: 'pi_1', object: 'payment_intent', amount: 1200, currency: 'eur' };
    stripe.fault = { kind: 'json', status: 200, body: intent };

    const client = await clients.forProject(projectId, mode);
    const made = await client.paymentIntents.create(
      { amount: 1200, currency: 'eur' },
      { idempotencyKey: projectId },
    );

    expect(made).toEqual(intent);
    expect(stripe.requests.at(-1)).toMatchObject({
      method: 'POST',
      path: '/v1/payment_intents',
      key: fakeCredential(`${mode}_secret_key`, 'charge'),
      body: { amount: '1200', currency: 'eur' },
      headers: { 'idempotency-key': projectId },
    });
  });

  it('and what Stripe refuses to it do not show the key', async () => {
    await put('hidden', 'test_secret_key');
    const key = fakeCredential('test_secret_key', 'hidden');
    const client = await clients.forProject(projectId, 'test');
    const error: unknown = await client.balance.retrieve().catch((reason: unknown) => reason);

    expect(error).toMatchObject({ type: 'StripeAuthenticationError' });
    expect(stripe.requests.at(-1)?.key).toBe(key);
    for (const value of [client, client.customers, clients, error]) {
      const shown = inspect(value, { depth: 20, showHidden: true });
      expect([key.slice(8, 16), key.slice(-8)].filter((part) => shown.includes(part))).toEqual([]);
    }
    expect(JSON.stringify([client, error])).not.toContain(key.slice(-8));
    expect(inspect(client)).toBe(`[Stripe client of project ${projectId}, test]`);
  });
});

describe('a publishable key', () => {
  it('is that of its project and mode', async () => {
    await put('shown', 'test_publishable_key', 'live_publishable_key');
    expect(await clients.publishableKey(projectId, 'test')).toBe(
      fakeCredential('test_publishable_key', 'shown'),
    );
    expect(await clients.publishableKey(projectId, 'live')).toBe(
      fakeCredential('live_publishable_key', 'shown'),
    );
    expect(await faultOf(clients.forProject(projectId, 'live'))).toEqual(['not_configured', 'live']);
  });
});

describe('without a key to use the caller learns why', () => {
  const faults = (mode: Mode) =>
    Promise.all([
      faultOf(clients.forProject(projectId, mode)),
      faultOf(clients.publishableKey(projectId, mode)),
    ]);

  it('not_configured: nothing is stored, or nothing of this mode', async () => {
    const expected = [
      ['not_configured', 'test'],
      ['not_configured', 'test'],
    ];
    expect(await faults('test')).toEqual(expected);
    await put('x', 'live_secret_key', 'live_publishable_key', 'test_webhook_secret');
    expect(await faults('test')).toEqual(expected);
  });

  it('deactivated: it was deleted', async () => {
    await put('x', 'test_secret_key', 'test_publishable_key');
    await change('DELETE');
    expect(await faults('test')).toEqual([
      ['deactivated', 'test'],
      ['deactivated', 'test'],
    ]);
    expect((await faults('live')).map(([reason]) => reason)).toEqual(['deactivated', 'deactivated']);
  });

  it('unreadable: what is stored belongs elsewhere', async () => {
    await put('x', 'test_secret_key', 'live_secret_key', 'test_publishable_key');
    await queryWithoutTriggers(
      database,
      `UPDATE stripe_configs SET ${setPart('test_secret_key', 'sealed', "sealed ->> 'live_secret_key'")} WHERE project_id = $1`,
      [projectId],
    );
    expect(await faultOf(clients.forProject(projectId, 'test'))).toEqual(['unreadable', 'test']);
    expect(await clients.publishableKey(projectId, 'test')).toBe(fakeCredential('test_publishable_key', 'x'));
    expect(await keyInUse('live')).toBe(fakeCredential('live_secret_key', 'x'));
  });

  it('and that is forgotten at once', async () => {
    expect(await faultOf(clients.forProject(projectId, 'test'))).toEqual(['not_configured', 'test']);
    await unannounced(() => put('now', 'test_secret_key'));
    expect(await keyInUse()).toBe(fakeCredential('test_secret_key', 'now'));
  });

  it.each(['', 'x', '__proto__', 'constructor', '3c90c3cc-0d44-4b50-8888-8dd25736052a ', undefined, null, 1])(
    'ValidationFailed: the id is %p',
    async (id) => {
      for (const call of [
        clients.forProject(id as string, 'test'),
        clients.publishableKey(id as string, 'live'),
      ])
        await expect(call).rejects.toBeInstanceOf(ValidationFailed);
    },
  );

  it.each(['prod', '__proto__', undefined])('TypeError: the mode is %p', async (mode) => {
    for (const call of [
      clients.forProject(projectId, mode as Mode),
      clients.publishableKey(projectId, mode as Mode),
    ])
      await expect(call).rejects.toThrow(new TypeError('the mode must be "test" or "live"'));
  });
});

describe('what was resolved', () => {
  it('is the same until the configuration changes, and costs no query', async () => {
    await put('kept', 'test_secret_key', 'test_publishable_key', 'live_secret_key');
    const resolve = () =>
      Promise.all([
        clients.forProject(projectId, 'test'),
        clients.forProject(projectId, 'live'),
        clients.publishableKey(projectId, 'test'),
      ]);
    const [test, live] = await resolve();
    expect(test).not.toBe(live);

    const connect = jest.spyOn(pg.Pool.prototype, 'connect');
    const query = jest.spyOn(pg.Client.prototype, 'query');
    for (let times = 0; times < 1_000; times++) {
      const [testAgain, liveAgain] = await resolve();
      if (testAgain !== test || liveAgain !== live) throw new Error('another client');
    }
    expect(connect).not.toHaveBeenCalled();
    expect(query).not.toHaveBeenCalled();
    await clients.forProject(projectId.toUpperCase(), 'test').then((client) => {
      expect(client).toBe(test);
    });
    expect(connect).not.toHaveBeenCalled();
  });

  it('is made once for all who ask meanwhile', async () => {
    await put('once', 'test_secret_key');
    let queries = 0;
    interceptQueries((name, pass) => {
      if (name === FIND_KEY.name) queries += 1;
      return pass();
    });
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        clients.forProject(index % 2 === 0 ? projectId : projectId.toUpperCase(), 'test'),
      ),
    );
    expect(new Set(all).size).toBe(1);
    expect(queries).toBe(1);
  });
});

it('is opened again once another key ring is in use', async () => {
  await put('of-this-ring', 'test_secret_key');
  await clients.forProject(projectId, 'test');
  const keys = there.app.get(CurrentKeyRing);
  keys.replace(new KeyRing([ringKey(randomBytes(32), 'active')]));
  try {
    expect(await faultOf(clients.forProject(projectId, 'test'))).toEqual(['unreadable', 'test']);
  } finally {
    keys.replace(RING);
  }
  expect(await keyInUse()).toBe(fakeCredential('test_secret_key', 'of-this-ring'));
});

describe('on another replica', () => {
  it('PUT, DELETE and PUT again are noticed by announcement alone, and rewrapping changes nothing', async () => {
    await put('first', 'test_secret_key', 'test_publishable_key');
    stopComparing();
    const first = await clients.forProject(projectId, 'test');
    expect(await clients.publishableKey(projectId, 'test')).toBe(
      fakeCredential('test_publishable_key', 'first'),
    );

    await put('second', 'test_secret_key', 'test_publishable_key');
    const second = await eventually('the PUT is noticed', async () => {
      const client = await clients.forProject(projectId, 'test');
      return client !== first && client;
    });
    expect(await keyInUse()).toBe(fakeCredential('test_secret_key', 'second'));
    expect(await clients.publishableKey(projectId, 'test')).toBe(
      fakeCredential('test_publishable_key', 'second'),
    );

    await rewrapAll();
    expect(await keyInUse()).toBe(fakeCredential('test_secret_key', 'second'));
    expect(await clients.forProject(projectId, 'test')).toBe(second);

    await change('DELETE');
    await eventually('the DELETE is noticed', () =>
      clients.forProject(projectId, 'test').then(
        () => false,
        () => true,
      ),
    );
    expect(await faultOf(clients.forProject(projectId, 'test'))).toEqual(['deactivated', 'test']);

    await put('third', 'test_secret_key');
    expect(await keyInUse()).toBe(fakeCredential('test_secret_key', 'third'));
  });

  it('nothing is noticed of other projects', async () => {
    await put('mine', 'test_secret_key');
    const mine = await clients.forProject(projectId, 'test');
    const own = projectId;
    projectId = await here.createProject();
    await put('other', 'test_secret_key');
    expect(await clients.forProject(own, 'test')).toBe(mine);
  });

  it('a client that is being made while the key changes is not cached', async () => {
    await put('before', 'test_secret_key');
    let letGo!: () => void;
    const gate = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    let isRead = false;
    interceptQueries(async (name, pass) => {
      const answer = await pass();
      if (name === FIND_KEY.name && !isRead) {
        isRead = true;
        await gate;
      }
      return answer;
    });

    const early = clients.forProject(projectId, 'test');
    await eventually('the old key is read', () => isRead);
    await put('after', 'test_secret_key');
    const late = await clients.forProject(projectId, 'test');
    letGo();

    expect(await early).not.toBe(late);
    expect(await clients.forProject(projectId, 'test')).toBe(late);
    expect(await keyInUse()).toBe(fakeCredential('test_secret_key', 'after'));
  });
});

describe('on the replica that made the change', () => {
  it('the next question gets what is new, without waiting for an announcement', async () => {
    await put('before', 'test_secret_key');
    const own = here.app.get(StripeClients);
    expect(await keyInUse('test', own)).toBe(fakeCredential('test_secret_key', 'before'));
    await unannounced(async () => {
      const body = { test_secret_key: fakeCredential('test_secret_key', 'after') };
      expect((await here.request('PUT', configPath(projectId), { body })).status).toBe(200);
      expect(await keyInUse('test', own)).toBe(body.test_secret_key);
      expect((await here.request('DELETE', configPath(projectId))).status).toBe(204);
      await expect(own.forProject(projectId, 'test')).rejects.toThrow(StripeCredentialsError);
    });
  });
});

describe('without announcements', () => {
  it('a PUT and a DELETE are noticed by comparing', async () => {
    await unannounced(async () => {
      await put('old', 'test_secret_key', 'live_publishable_key');
      expect(await keyInUse()).toBe(fakeCredential('test_secret_key', 'old'));
      await clients.publishableKey(projectId, 'live');
      await put('new', 'test_secret_key', 'live_publishable_key');
      await eventually('the PUT is noticed', async () => {
        const key = await clients.publishableKey(projectId, 'live');
        return key === fakeCredential('live_publishable_key', 'new');
      });
      expect(await keyInUse()).toBe(fakeCredential('test_secret_key', 'new'));
      await change('DELETE');
      await eventually('the DELETE is noticed', () =>
        clients.forProject(projectId, 'test').then(
          () => false,
          () => true,
        ),
      );
    });
  });

  it('each mode is compared by the version that its own key came from', async () => {
    await unannounced(async () => {
      await put('old', 'test_secret_key', 'live_secret_key');
      const test = await clients.forProject(projectId, 'test');
      await put('new', 'test_secret_key', 'live_secret_key');
      expect(await keyInUse('live')).toBe(fakeCredential('live_secret_key', 'new'));
      await eventually(
        'the PUT is noticed',
        async () => (await clients.forProject(projectId, 'test')) !== test,
      );
      expect(await keyInUse('test')).toBe(fakeCredential('test_secret_key', 'new'));
    });
  });
});

describe('the connection that listens', () => {
  it('is none of the pool’s, so that the host can use all of them', async () => {
    const { driver } = there.app.get<DataSource>(getDataSourceToken());
    const pool = (driver as unknown as { master: pg.Pool }).master;
    expect(await listeners()).toHaveLength(2);
    await eventually('no connection of the pool is in use', () => pool.totalCount === pool.idleCount);
    const borrowed = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()));
    const pids = await Promise.all(
      borrowed.map(async (client) => {
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        return rows[0]?.pid;
      }),
    );
    for (const client of borrowed) client.release();
    expect(pids).toHaveLength(10);
    expect((await listeners()).filter((pid) => pids.includes(pid))).toEqual([]);
  });

  it('is made again when it ends', async () => {
    const before = await listeners();
    await database.query('SELECT pg_terminate_backend(pid) FROM unnest($1::integer[]) AS pid', [before]);
    await eventually('others listen', async () => {
      const now = await listeners();
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    });

    await put('old', 'test_secret_key');
    stopComparing();
    const old = await clients.forProject(projectId, 'test');
    await put('new', 'test_secret_key');
    await eventually('the PUT is noticed', async () => (await clients.forProject(projectId, 'test')) !== old);
    expect(await keyInUse()).toBe(fakeCredential('test_secret_key', 'new'));
  });

  it('does not listen through a pooler, whose connections would go on listening for whoever uses them', async () => {
    let log = '';
    const pooler = await startTcpProxy(database.url, withAnotherProcess);
    const pooled = await startReplica(pooler.url, {
      logLevel: 'warn',
      logDestination: { write: (line) => void (log += line) },
    });
    try {
      await eventually('it says so', () => log.includes('config_listener.disconnected'));

      expect(await listeners()).toHaveLength(2);
      expect(log).toContain('a pooler stands before the database');
    } finally {
      await pooled.stop();
      await pooler.close();
    }
  });

  it('ends with the application', async () => {
    const third = await startReplica();
    await listening(3);
    await third.stop();
    await listening(2);
  });
});

describe('a database that cannot be reached', () => {
  it.each(['refuses', 'swallows everything'])(
    'and %s leaves what is cached in use, and what changed is noticed once it is back',
    async (way) => {
      const proxy = await startTcpProxy(database.url);
      const cutOff = await startReplica(proxy.url);
      try {
        const itsClients = cutOff.app.get(StripeClients);
        await listening(3);
        const announcedProjects = announcementsTo(cutOff);
        await put('old', 'test_secret_key');
        await eventually('it is announced', () => announcedProjects.includes(projectId));
        const cached = await itsClients.forProject(projectId, 'test');
        if (way === 'refuses') await proxy.refuse();
        else proxy.blackHole();

        await put('new', 'test_secret_key');
        await expect(itsClients.forProject(projectId, 'live')).rejects.toBeInstanceOf(DependencyUnavailable);
        expect(await itsClients.forProject(projectId, 'test')).toBe(cached);
        expect(await keyInUse('test', itsClients)).toBe(fakeCredential('test_secret_key', 'old'));

        await proxy.pass();
        await eventually(
          'the PUT is noticed',
          async () => (await itsClients.forProject(projectId, 'test').catch(() => cached)) !== cached,
        );
        expect(await keyInUse('test', itsClients)).toBe(fakeCredential('test_secret_key', 'new'));
        if (way === 'refuses') await listening(3);
      } finally {
        await proxy.pass();
        await cutOff.stop();
        await proxy.close();
        await listening(2);
      }
    },
  );

  it('at the start is waited for', async () => {
    await put('start', 'test_secret_key');
    const proxy = await startTcpProxy(database.url);
    await proxy.refuse();
    const early = await startReplica(proxy.url, { isDatabaseAway: true });
    try {
      const itsClients = early.app.get(StripeClients);
      await expect(itsClients.forProject(projectId, 'test')).rejects.toBeInstanceOf(DependencyUnavailable);
      await proxy.pass();
      await listening(3);
      expect(await keyInUse('test', itsClients)).toBe(fakeCredential('test_secret_key', 'start'));
    } finally {
      await early.stop();
      await proxy.close();
      await listening(2);
    }
  });
});

/** Seals everything under the key that is not the active one here. */
async function rewrapAll(): Promise<void> {
  const { rewrapped, unreadable } = await rewrap(
    here.app.get<Database>(PAYMENTS_DATABASE),
    new Sealer(OTHER_RING),
    { batchSize: 100, rate: Infinity, dryRun: false, onProgress: nothing },
  );
  expect(rewrapped).toBeGreaterThan(unreadable);
}

function nothing(): void {
  // Nobody wants to know.
}
