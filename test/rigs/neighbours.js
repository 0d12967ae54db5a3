// Whether a project that floods its inbox, and one whose handlers hang, delay the events of a third.
//
//   npm run build && node test/rigs/neighbours.js [--rate 1000] [--seconds 20] [--control]
//
// One project is sent so many events a second with valid signatures, or as many as are taken; 48 events of another one have handlers
// that never end; a quiet one gets two events a second. Each of these must be acknowledged, and handled within a second of its
// reception, both by the database's clock. With --control a project may have all handlers (test/rigs/unfair-turns.js). Ends with 1
// when its expectation is not met.
import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';
import { migrate } from '../../dist/app/migrate.js';
import { startEmbeddedPostgres } from '../../dist/embedded-postgres/embedded-postgres.js';
import { createKeyRingFile } from '../../dist/payments/crypto/key-ring-file.js';

const { values: options } = parseArgs({
  options: {
    rate: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '20' },
    control: { type: 'boolean', default: false },
  },
});
const CONNECTIONS = 32;
const HANGING = 48;
const QUIET_PAUSE_MS = 500;
const MAX_DELAY_MS = 1_000;
const HANG_TYPE = 'charge.dispute.created';
const SECRET = `whsec_${randomBytes(24).toString('hex')}`;
const JWT_SECRET = randomBytes(48).toString('base64url');
const TOKEN = jsonwebtoken.sign({}, JWT_SECRET, { subject: 'rig', expiresIn: '1h' });

const folder = await mkdtemp(join(tmpdir(), 'stripe-config-rig-'));
const postgres = await startEmbeddedPostgres(folder);
const pool = new pg.Pool({ connectionString: postgres.url, max: 2 }).on('error', () => undefined);
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
// Stripe has connections of its own for every account.
const quietAgent = new Agent({ keepAlive: true });
let child;
try {
  const keyRingFile = join(folder, 'ring.json');
  await createKeyRingFile(keyRingFile);
  await migrate(postgres.url);
  await pool.query(
    'CREATE TABLE effects (project_id uuid NOT NULL, mode text NOT NULL, event_id text NOT NULL, pid integer NOT NULL)',
  );
  const url = await start(keyRingFile);
  const [flooding, hanging, quiet] = await Promise.all([1, 2, 3].map(() => createProject(url)));
  for (let count = 0; count < HANGING; count++) await send(url, hanging, HANG_TYPE);
  const flood = { acknowledged: 0, refused: 0 };
  const over = performance.now() + Number(options.seconds) * 1_000;
  const [acknowledged] = await Promise.all([
    sendQuietly(url, quiet, over),
    sendMany(url, flooding, over, flood),
  ]);
  // What is late is still waited for, so that it is counted.
  await delay(2 * MAX_DELAY_MS);
  const { rows } = await pool.query(
    `SELECT count(*)::integer AS stored, count(finished_at)::integer AS handled,
      round(extract(epoch FROM max(coalesce(finished_at, clock_timestamp()) - received_at)) * 1000)::integer AS longest_ms,
      round(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP
        (ORDER BY coalesce(finished_at, clock_timestamp()) - received_at)) * 1000)::integer AS p50_ms
     FROM stripe_events WHERE project_id = $1`,
    [quiet],
  );
  const { rows: left } = await pool.query(
    "SELECT count(*)::integer AS waiting FROM stripe_events WHERE project_id = $1 AND status = 'pending'",
    [flooding],
  );
  const [events] = rows;
  console.log(
    JSON.stringify({
      control: options.control,
      quiet: { acknowledged, ...events },
      flood: { ...flood, ...left[0] },
    }),
  );
  const isGood = events.stored > 0 && events.handled === events.stored && events.longest_ms <= MAX_DELAY_MS;
  process.exitCode = isGood === options.control ? 1 : 0;
} finally {
  agent.destroy();
  quietAgent.destroy();
  child?.kill('SIGKILL');
  await pool.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

async function sendQuietly(url, project, over) {
  let acknowledged = 0;
  while (performance.now() < over) {
    if ((await send(url, project, 'invoice.paid', quietAgent)) === 200) acknowledged += 1;
    await delay(QUIET_PAUSE_MS);
  }
  return acknowledged;
}

/** As many a second as wanted, if they are answered as fast. */
async function sendMany(url, project, over, flood) {
  const started = performance.now();
  let next = 0;
  const sendDue = async () => {
    while (performance.now() < over) {
      const wait = started + (next++ * 1_000) / Number(options.rate) - performance.now();
      if (wait > 0) await delay(wait);
      const status = await send(url, project, 'invoice.paid').catch(() => 0);
      flood[status === 200 ? 'acknowledged' : 'refused'] += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sendDue));
}

/** @returns the status of the answer */
function send(url, project, type, by = agent) {
  const id = randomBytes(12).toString('hex');
  const object = { id: `in_${id}`, object: 'invoice', description: 'x'.repeat(1_300) };
  const event = {
    id: `evt_${id}`,
    object: 'event',
    created: 1_700_000_000,
    livemode: false,
    type,
    data: { object },
  };
  const body = JSON.stringify(event);
  const time = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', SECRET).update(`${time}.${body}`).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'stripe-signature': `t=${time},v1=${signature}`,
  };
  return new Promise((resolve, reject) => {
    const path = `${url}/api/v1/payments/stripe/webhooks/${project}/test`;
    const sent = request(path, { agent: by, method: 'POST', headers }, (response) => {
      response
        .resume()
        .once('end', () => resolve(response.statusCode))
        .once('error', reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

async function createProject(url) {
  const { rows } = await pool.query(
    "INSERT INTO projects (owner_id, name) VALUES ('rig', 'Shop') RETURNING id",
  );
  const { id } = rows[0];
  const { status } = await fetch(`${url}/api/v1/payments/stripe/projects/${id}/config`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ test_webhook_secret: SECRET }),
  });
  if (status !== 200) throw new Error(`PUT: ${status}`);
  return id;
}

/** @returns the address of the host */
async function start(keyRingFile) {
  const preload = options.control ? ['--import', './test/rigs/unfair-turns.js'] : [];
  child = spawn(process.execPath, [...preload, 'test/support/event-host.js'], {
    env: {
      PATH: process.env.PATH,
      PORT: '0',
      DATABASE_URL: postgres.url,
      KEY_RING_FILE: keyRingFile,
      AUTH_JWT_SECRET: JWT_SECRET,
      HANG_TYPE,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout) {
    output += chunk;
    const url = /listening at (\S+)/.exec(output)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error(`ended before it was ready: ${output}`);
}
