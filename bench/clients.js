// Stripe clients for host code: what a cached resolution costs beside the bare limit (a Map of promises) and how many queries
// it makes, what the first resolution costs, and how long after a PUT on one replica the other hands out the new client.
// One replica is this process, the other the built service on the same embedded PostgreSQL.
// Usage: node bench/clients.js [changes]
import { spawn } from 'node:child_process';
import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';
import { DatabaseConnection } from '../dist/app/database-connection.js';
import { startEmbeddedPostgres } from '../dist/embedded-postgres/embedded-postgres.js';
import { createServer } from '../dist/app/server.js';
import { createKeyRingFile, readKeyRingFile } from '../dist/payments/crypto/key-ring-file.js';
import { ChangeAnnouncements } from '../dist/payments/stripe-config/change-announcements.js';
import { StripeClients } from '../dist/payments/stripe-clients/stripe-clients.js';
import { untilReady } from './until-ready.js';

const CHANGES = Number(process.argv[2] ?? 100);
const PROJECTS = 100;
const CALLS = 1_000_000;
const GOAL_NS = 5_000;
const GOAL_MS = 1_000;

const folder = await mkdtemp(join(tmpdir(), 'stripe-config-clients-'));
const postgres = await startEmbeddedPostgres(folder);
let service;
let app;
try {
  const keyRingFile = join(folder, 'ring.json');
  await createKeyRingFile(keyRingFile);
  const secret = randomBytes(48).toString('base64url');
  service = await startService({
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    PORT: '0',
    DATABASE_URL: postgres.url,
    KEY_RING_FILE: keyRingFile,
    AUTH_JWT_SECRET: secret,
    PUBLIC_BASE_URL: 'https://bench.example',
  });
  const token = jsonwebtoken.sign({}, secret, { subject: 'bench', expiresIn: '1h' });
  app = await createServer({
    databaseUrl: postgres.url,
    keyRing: await readKeyRingFile(keyRingFile, { allowDevelopment: false }),
    auth: { secret: createSecretKey(Buffer.from(secret)) },
    publicBaseUrl: 'https://bench.example',
    logLevel: 'silent',
  });
  await app.get(DatabaseConnection).open();
  const listening = new Promise((resolve) => app.get(ChangeAnnouncements).subscribe(resolve));
  await app.init();
  await listening;
  const clients = app.get(StripeClients);

  const ids = [];
  while (ids.length < PROJECTS) {
    const { id } = await call(token, 'POST', '/api/v1/projects', { name: 'Bench' });
    await put(token, id, 'first');
    ids.push(id);
  }
  const isWithinGoals = [
    await first(clients, ids),
    await cached(clients, ids),
    await followed(clients, ids, token),
  ];
  if (isWithinGoals.includes(false)) process.exitCode = 1;
} finally {
  await app?.close();
  if (service !== undefined) {
    service.child.kill('SIGTERM');
    await once(service.child, 'close');
  }
  await postgres.stop();
  await rm(folder, { recursive: true });
}

async function first(clients, ids) {
  const times = [];
  for (const id of ids) {
    const started = performance.now();
    await clients.forProject(id, 'test');
    times.push(performance.now() - started);
  }
  console.log(`first resolution      ${spread(times)}`);
  return true;
}

async function cached(clients, ids) {
  await Promise.all(ids.map((id) => clients.publishableKey(id, 'test')));
  const bare = new Map(ids.map((id) => [id, Promise.resolve(id)]));
  const ways = {
    'bare Map of promises': (id) => bare.get(id),
    'cached forProject': (id) => clients.forProject(id, 'test'),
    'cached publishableKey': (id) => clients.publishableKey(id, 'test'),
  };
  const queries = countQueries();
  let isWithinGoal = true;
  for (const [name, ask] of Object.entries(ways)) {
    await time(ask, ids, CALLS / 10);
    const ns = await time(ask, ids, CALLS);
    console.log(`${name.padEnd(21)} ${ns.toFixed(0)} ns`);
    isWithinGoal &&= ns < GOAL_NS;
  }
  console.log(`queries meanwhile     ${queries.count} in ${(CALLS * 2.2).toLocaleString('en')} resolutions`);
  isWithinGoal &&= queries.count === 0;
  queries.restore();
  return isWithinGoal;
}

/** @returns nanoseconds of a call and its `await` */
async function time(ask, ids, calls) {
  const started = performance.now();
  for (let index = 0; index < calls; index++) await ask(ids[index % ids.length]);
  return ((performance.now() - started) / calls) * 1e6;
}

function countQueries() {
  const { prototype } = pg.Client;
  const { query } = prototype;
  const queries = {
    count: 0,
    restore() {
      prototype.query = query;
    },
  };
  prototype.query = function (...args) {
    queries.count += 1;
    return query.apply(this, args);
  };
  return queries;
}

async function followed(clients, ids, token) {
  const [sinceSent, sinceAnswered] = [[], []];
  for (let change = 0; change < CHANGES; change++) {
    const id = ids[change % ids.length];
    const old = await clients.forProject(id, 'test');
    const sent = performance.now();
    const answered = put(token, id, `change ${change}`).then(() => performance.now());
    while ((await clients.forProject(id, 'test')) === old) await turn();
    const handedOut = performance.now();
    sinceSent.push(handedOut - sent);
    sinceAnswered.push(Math.max(0, handedOut - (await answered)));
  }
  console.log(`new client elsewhere  ${spread(sinceAnswered)} after the answer to the PUT`);
  console.log(`                      ${spread(sinceSent)} after the PUT was sent (${CHANGES} changes)`);
  return Math.max(...sinceSent) < GOAL_MS;
}

function spread(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))].toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

async function startService(env) {
  const child = spawn(process.execPath, ['dist/main.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk;
    const url = /listening at (http:\/\/[\d.:]+)/.exec(output)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    await untilReady(url);
    return { child, url };
  }
  throw new Error(`the service ended before it listened: ${output}`);
}

async function call(token, method, path, body) {
  const response = await fetch(service.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return response.json();
}

function put(token, id, seed) {
  const text = createHash('sha256').update(`bench ${id} ${seed}`).digest('hex');
  return call(token, 'PUT', `/api/v1/payments/stripe/projects/${id}/config`, {
    test_secret_key: ['sk', 'test', text].join('_'),
    test_publishable_key: ['pk', 'test', text].join('_'),
  });
}
