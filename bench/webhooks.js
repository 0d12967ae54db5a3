// Webhooks under load: events sent one to four times each and shuffled, the secret rolled half-way, a worker killed again
// and again, while forged ones come in. Says how many were lost or applied twice, and how fast they were acknowledged.
// The service and a second worker are processes of their own (test/support/event-host.js) on an embedded PostgreSQL.
import { spawn } from 'node:child_process';
import { createHash, createHmac, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { URL } from 'node:url';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';
import { migrate } from '../dist/app/migrate.js';
import { startEmbeddedPostgres } from '../dist/embedded-postgres/embedded-postgres.js';
import { createKeyRingFile } from '../dist/payments/crypto/key-ring-file.js';

const EVENTS = Number(process.argv[2] ?? 100_000);
const FORGED = Number(process.argv[3] ?? EVENTS);
const RATE = Number(process.argv[4] ?? 550);
const KILLS = 20;
const CONNECTIONS = 32;
const TYPES = [
  'invoice.paid',
  'charge.refunded',
  'customer.subscription.updated',
  'checkout.session.completed',
];

const folder = await mkdtemp(join(tmpdir(), 'stripe-config-bench-'));
const postgres = await startEmbeddedPostgres(folder);
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
const children = new Set();
const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
try {
  const keyRingFile = join(folder, 'ring.json');
  await createKeyRingFile(keyRingFile);
  const jwtSecret = randomBytes(48).toString('base64url');
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: postgres.url,
    KEY_RING_FILE: keyRingFile,
    AUTH_JWT_SECRET: jwtSecret,
  };
  await migrate(postgres.url);
  await pool.query(
    'CREATE TABLE effects (project_id uuid NOT NULL, mode text NOT NULL, event_id text NOT NULL, pid integer NOT NULL)',
  );
  const service = await start({ ...env, PORT: '0' }, /listening at (\S+)/);
  let worker = await start(env, /(working)/);
  const token = jsonwebtoken.sign({}, jwtSecret, { subject: 'bench', expiresIn: '2h' });
  const project = await createProject(service.url);
  const secrets = ['before', 'after'].map(
    (name) => `whsec_${createHash('sha256').update(name).digest('hex')}`,
  );
  await putSecret(service.url, token, project, secrets[0]);

  const deliveries = shuffled(
    Array.from({ length: EVENTS }, (_, index) => Array(randomInt(1, 5)).fill(index)).flat(),
  );
  console.log(
    `${EVENTS} events in ${deliveries.length} deliveries, ${RATE} a second, ${KILLS} kills of a worker`,
  );

  // Deliveries are due at a steady rate; how long each takes is counted from when it was due.
  const url = new URL(`/api/v1/payments/stripe/webhooks/${project}/test`, service.url);
  const latencies = [];
  let next = 0;
  let refused = 0;
  let rolled = false;
  let kills = 0;
  const started = performance.now();
  const sendDue = async () => {
    for (;;) {
      const place = next++;
      if (place >= deliveries.length) return;
      const due = started + (place / RATE) * 1000;
      const wait = due - performance.now();
      if (wait > 0) await delay(wait);
      if (!rolled && place >= deliveries.length / 2) {
        rolled = true;
        await putSecret(service.url, token, project, secrets[1]);
      }
      const payload = payloadOf(deliveries[place]);
      // For a while after the roll Stripe signs with the old secret only, as retries under way do.
      const secret = rolled && randomInt(4) > 0 ? secrets[1] : secrets[0];
      for (;;) {
        const status = await post(url, payload, sign(payload, secret)).catch(() => 0);
        if (status === 200) break;
        refused += 1;
        await delay(100);
      }
      latencies.push(performance.now() - due);
    }
  };
  const killer = (async () => {
    const pause = ((deliveries.length / RATE) * 1000) / (KILLS + 1);
    while (kills < KILLS && next < deliveries.length) {
      await delay(pause);
      worker.child.kill('SIGKILL');
      await once(worker.child, 'exit');
      kills += 1;
      worker = await start(env, /(working)/);
    }
  })();
  await Promise.all(Array.from({ length: CONNECTIONS }, sendDue));
  const seconds = (performance.now() - started) / 1000;
  await killer;

  const drainStarted = performance.now();
  for (;;) {
    const { rows } = await pool.query(
      "SELECT count(*)::integer AS left FROM stripe_events WHERE status = 'pending'",
    );
    if (rows[0].left === 0) break;
    await delay(500);
  }
  const drained = (performance.now() - drainStarted) / 1000;
  const { rows } = await pool.query(`
    SELECT (SELECT count(*)::integer FROM stripe_events) AS stored,
      (SELECT count(*)::integer FROM stripe_events WHERE status = 'handled') AS handled,
      (SELECT count(DISTINCT event_id)::integer FROM effects) AS applied,
      (SELECT count(*)::integer FROM effects) AS effects,
      (SELECT count(DISTINCT pid)::integer FROM effects) AS workers`);
  const [{ stored, handled, applied, effects, workers }] = rows;

  const forgedStarted = performance.now();
  let accepted = 0;
  let forged = 0;
  const forge = async () => {
    while (forged < FORGED) {
      forged += 1;
      const payload = payloadOf(EVENTS + forged);
      const status = await post(url, payload, forgedSignature(payload, secrets[1]));
      if (status !== 400) accepted += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, forge));
  const forgedSeconds = (performance.now() - forgedStarted) / 1000;
  const after = await pool.query('SELECT count(*)::integer AS stored FROM stripe_events');

  latencies.sort((a, b) => a - b);
  const at = (part) => latencies[Math.floor(latencies.length * part)].toFixed(1);
  console.log(`acknowledged   ${(deliveries.length / seconds).toFixed(0)} a second`);
  console.log(
    `latency ms     p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, max ${latencies.at(-1).toFixed(1)}`,
  );
  console.log(
    `kills          ${kills}; effects came from ${workers} processes; ${refused} deliveries had to be repeated`,
  );
  console.log(`lost           ${EVENTS - stored} events, ${EVENTS - applied} effects`);
  console.log(`applied twice  ${effects - applied}`);
  console.log(`handled        ${handled}; the last ${drained.toFixed(1)} s after the last delivery`);
  console.log(
    `forged         ${accepted + after.rows[0].stored - stored} of ${FORGED} accepted, ${(FORGED / forgedSeconds).toFixed(0)} a second`,
  );
} finally {
  agent.destroy();
  for (const child of children) child.kill('SIGKILL');
  await pool.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

async function start(env, ready) {
  const child = spawn(process.execPath, ['test/support/event-host.js'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  // A worker that starts again, here twenty times, would elsewhere not take the acknowledging process's core.
  if (env.PORT === undefined) setPriority(child.pid, 15);
  child.once('exit', () => children.delete(child));
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    const url = ready.exec(output)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error(`ended before it was ready: ${output}`);
}

async function createProject(url) {
  const { rows } = await pool.query(
    "INSERT INTO projects (owner_id, name) VALUES ('bench', 'Bench') RETURNING id",
  );
  if (url === undefined) throw new Error('the service has no address');
  return rows[0].id;
}

async function putSecret(url, token, project, secret) {
  const response = await fetch(`${url}/api/v1/payments/stripe/projects/${project}/config`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ test_webhook_secret: secret }),
  });
  if (response.status !== 200) throw new Error(`the secret was refused: ${response.status}`);
}

/** About 1.5 kB, as the events of invoices are at the least; ten events are about one object. */
function payloadOf(index) {
  return JSON.stringify({
    id: `evt_${index}`,
    object: 'event',
    created: 1_700_000_000 + index,
    livemode: false,
    type: TYPES[index % TYPES.length],
    data: {
      object: { id: `in_${Math.floor(index / 10)}`, object: 'invoice', description: 'x'.repeat(1_300) },
    },
  });
}

function sign(payload, secret) {
  const time = Math.floor(Date.now() / 1000);
  return `t=${time},v1=${createHmac('sha256', secret).update(`${time}.${payload}`).digest('hex')}`;
}

/** Each forged in one of several ways. */
function forgedSignature(payload, secret) {
  const time = Math.floor(Date.now() / 1000);
  return [
    () => sign(payload, `whsec_${randomUUID()}`),
    () => sign(`${payload} `, secret),
    () => sign(payload, secret).replace(/^t=\d+/, `t=${time + 1}`),
    () => `t=${time},v1=${randomBytes(32).toString('hex')}`,
    () => sign(payload, secret).replace('v1=', 'v0='),
    () =>
      `t=${time - 400},v1=${createHmac('sha256', secret)
        .update(`${time - 400}.${payload}`)
        .digest('hex')}`,
  ][randomInt(6)]();
}

function shuffled(items) {
  for (let index = items.length - 1; index > 0; index--) {
    const other = randomInt(index + 1);
    [items[index], items[other]] = [items[other], items[index]];
  }
  return items;
}

function post(url, body, signature) {
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        agent,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          'stripe-signature': signature,
        },
      },
      (response) => {
        response
          .resume()
          .once('end', () => resolve(response.statusCode))
          .once('error', reject);
      },
    );
    sent.once('error', reject);
    sent.end(body);
  });
}
