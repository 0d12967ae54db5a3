// Whether an acknowledged write is ever lost when the database stalls while events are handled.
//
//   npm run build && node test/rigs/stalls.js [--rounds 300] [--lanes 6] [--control]
//
// Each lane has a PostgreSQL of its own, a proxy before it, and two processes of the service with a handler that writes.
// A round lets four events be handled, and at a chosen statement of theirs stalls the link, or stops PostgreSQL itself,
// for 3 to 12 s; then eight PUTs come at once, on a quiet service or one under load. Every PUT and webhook that was
// answered with 200 must be in the history and among the events, and no event be handled twice. A round takes some
// 15 s and mostly waits. With --control the services do not watch what is given back to their pools, as TypeORM does not
// (test/rigs/unwatched-pool.js), and lose writes. Ends with 1 when its expectation is not met.
import { spawn } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile, mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/embedded-postgres/embedded-postgres.js';
import { migrate } from '../../dist/app/migrate.js';
import { createKeyRingFile, readKeyRingFile } from '../../dist/payments/crypto/key-ring-file.js';
import { Sealer } from '../../dist/payments/crypto/sealer.js';
import { Secret } from '../../dist/payments/crypto/secret.js';
import { eventContext } from '../../dist/payments/crypto/sealer.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    lanes: { type: 'string', default: '6' },
    control: { type: 'boolean', default: false },
  },
});
const ROUNDS = Number(options.rounds);
const LANES = Number(options.lanes);
const PUTS = 8;
const EVENTS = 4;
const JWT_SECRET = randomBytes(48).toString('base64url');
const TOKEN = jsonwebtoken.sign({}, JWT_SECRET, { subject: 'rig', expiresIn: '5h' });
/** The statements of a handler's life, by what stands in them alone. */
const POINTS = {
  BEGIN: 'START TRANSACTION',
  BEGIN_EVENT: 'AS is_alone',
  handler: 'INSERT INTO effects',
  END_EVENT: "status = 'handled'",
  COMMIT: 'COMMIT\0',
  ROLLBACK: 'ROLLBACK\0',
};

const totals = { rounds: 0, puts: 0, lost: 0, lossy: 0, webhooks: 0, missing: 0, doubled: 0, refused: 0 };
const byPoint = Object.fromEntries(Object.keys(POINTS).map((name) => [name, { rounds: 0, lost: 0 }]));
let nextRound = 0;
const started = Date.now();
const outcomes = await Promise.allSettled(Array.from({ length: LANES }, () => runLane()));
for (const { reason } of outcomes) if (reason !== undefined) console.log(reason);
const isWhole = outcomes.every(({ status }) => status === 'fulfilled');
console.log(JSON.stringify({ control: options.control, seconds: seconds(), ...totals, byPoint }));
const isLossy = totals.lost + totals.missing + totals.doubled > 0;
process.exit(isWhole && isLossy === options.control ? 0 : 1);

async function runLane() {
  const folder = await mkdtemp(join(tmpdir(), 'stripe-config-rig-'));
  const postgres = await startEmbeddedPostgres(folder);
  const proxy = await startProxy(postgres.url);
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  pool.on('error', () => undefined);
  const services = [];
  try {
    const keyRingFile = join(folder, 'ring.json');
    await createKeyRingFile(keyRingFile);
    const sealer = new Sealer(await readKeyRingFile(keyRingFile, { allowDevelopment: false }));
    await migrate(postgres.url);
    await pool.query('CREATE TABLE effects (project_id uuid, mode text, event_id text, pid integer)');
    await pool.query('CREATE TABLE failing ()');
    await pool.query(
      `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN IF EXISTS (SELECT FROM failing) THEN RAISE EXCEPTION 'as asked'; END IF; RETURN NEW; END $$`,
    );
    await pool.query('CREATE TRIGGER fail BEFORE INSERT ON effects FOR EACH ROW EXECUTE FUNCTION fail()');
    for (let each = 0; each < 2; each++) services.push(await startService(proxy.url, keyRingFile));
    const secret = `whsec_${randomBytes(24).toString('hex')}`;
    const projects = [];
    for (let each = 0; each < PUTS; each++) {
      const answer = await send(services[0], 'POST', '/api/v1/projects', { name: `Shop ${each}` });
      projects.push(JSON.parse(answer.text).id);
    }
    await put(services[0], projects[0], { test_webhook_secret: secret });
    const lane = { folder, pool, proxy, services, sealer, projects, secret };
    while (nextRound < ROUNDS) await runRound(lane, nextRound++);
  } finally {
    for (const { child } of services) child.kill('SIGKILL');
    proxy.close();
    await pool.end().catch(() => undefined);
    await postgres.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function runRound(lane, number) {
  const { pool, proxy, services, projects } = lane;
  const names = Object.keys(POINTS);
  const point = names[number % names.length];
  const stallMs = 3_000 + ((number * 3_700) % 9_001);
  const isStop = Math.floor(number / names.length) % 2 === 1;
  const isLoaded = number % 3 === 2;
  if (point === 'ROLLBACK') await pool.query('INSERT INTO failing DEFAULT VALUES');
  const acknowledged = { puts: [], events: [] };
  const state = { over: false };
  const load = isLoaded ? [0, 1, 2, 3].map((each) => keepBusy(lane, each, state, acknowledged)) : [];
  const reached = proxy.watchFor(POINTS[point]);
  await storeEvents(lane);
  const wasReached = await Promise.race([reached.then(() => true), delay(15_000, false)]);
  if (!wasReached) throw new Error(`round ${number}: ${point} was not reached`);
  const processes = isStop ? await processesOf(lane.folder) : [];
  if (isStop) signalAll(processes, 'SIGSTOP');
  else proxy.stall();
  await delay(stallMs);
  if (isStop) signalAll(processes, 'SIGCONT');
  else proxy.pass();
  const service = services[number % 2];
  await Promise.all(projects.map((project) => putAndNote(service, project, acknowledged)));
  state.over = true;
  await Promise.all(load);
  await settle(pool);
  const lost = await countLost(pool, acknowledged.puts);
  totals.rounds += 1;
  totals.puts += acknowledged.puts.length;
  totals.lost += lost;
  totals.lossy += lost > 0 ? 1 : 0;
  totals.webhooks += acknowledged.events.length;
  totals.missing += await countMissing(pool, acknowledged.events);
  totals.doubled += await countDoubled(pool);
  byPoint[point].rounds += 1;
  byPoint[point].lost += lost;
  await pool.query('DELETE FROM failing');
  // Nothing of this round is left for the next one.
  await pool.query(
    "UPDATE stripe_events SET status = 'skipped', finished_at = now() WHERE status = 'pending'",
  );
  const how = `${point} ${isStop ? 'stopped' : 'stalled'} for ${stallMs} ms${isLoaded ? ', under load' : ''}`;
  console.log(
    `${seconds()} s, round ${number}: ${how}: ${acknowledged.puts.length} acknowledged, ${lost} lost`,
  );
}

async function keepBusy(lane, each, state, acknowledged) {
  const service = lane.services[each % 2];
  while (!state.over) {
    if (each < 2) await putAndNote(service, lane.projects[each], acknowledged);
    else await deliver(service, lane, acknowledged);
    await delay(20);
  }
}

async function putAndNote(service, project, acknowledged) {
  const { status, version, text } = await put(service, project, {
    test_secret_key: `sk_test_${randomBytes(16).toString('hex')}`,
  });
  if (status === 200) {
    acknowledged.puts.push({ project, version, mask: JSON.parse(text).test_secret_key_masked });
  }
  if (status !== 200) totals.refused += 1;
}

function put(service, project, body) {
  return send(service, 'PUT', `/api/v1/payments/stripe/projects/${project}/config`, body);
}

async function deliver(service, { projects, secret }, acknowledged) {
  const id = `evt_${randomUUID().replaceAll('-', '')}`;
  const payload = JSON.stringify(eventOf(id));
  const time = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${time}.${payload}`).digest('hex');
  const path = `/api/v1/payments/stripe/webhooks/${projects[0]}/test`;
  const headers = { 'stripe-signature': `t=${time},v1=${signature}` };
  const { status } = await send(service, 'POST', path, payload, headers);
  if (status === 200) acknowledged.events.push(id);
}

function eventOf(id) {
  return {
    id,
    object: 'event',
    created: 1_764_000_000,
    data: { object: { id: `in_${id}`, object: 'invoice' } },
    livemode: false,
    type: 'invoice.paid',
  };
}

async function send({ url }, method, path, body, headers = {}) {
  try {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const version = Number(/\d+/.exec(response.headers.get('etag') ?? '')?.[0]);
    return { status: response.status, version, text: await response.text() };
  } catch {
    return { status: 0, text: '' };
  }
}

/** Four events of different objects, which a worker takes up together. */
async function storeEvents({ pool, sealer, projects }) {
  for (let each = 0; each < EVENTS; each++) {
    const id = `evt_${randomUUID().replaceAll('-', '')}`;
    const payload = new Secret(JSON.stringify(eventOf(id)));
    const sealed = sealer.seal(payload, eventContext(projects[0], 'test', id));
    await pool.query(
      `INSERT INTO stripe_events (project_id, mode, event_id, type, object_id, created_at, payload_sealed)
       VALUES ($1, 'test', $2, 'invoice.paid', $3, now(), $4)`,
      [projects[0], id, `in_${id}`, sealed],
    );
  }
}

/** Ends the round: no transaction is left open, or stays so, that what was acknowledged depends on. */
async function settle(pool) {
  for (let tries = 0; tries < 200; tries++) {
    const { rowCount } = await pool.query(
      "SELECT FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
    );
    if (rowCount === 0) return;
    await delay(100);
  }
  // A worker may use it again and again.
  await pool.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
  );
}

async function countLost(pool, puts) {
  const { rows } = await pool.query(
    `SELECT count(*)::integer AS lost FROM jsonb_to_recordset($1::jsonb) AS put (project text, version integer, mask text)
     WHERE NOT EXISTS (SELECT FROM stripe_config_audit AS audit
       WHERE audit.project_id = put.project AND audit.version = put.version
         AND masks_after ->> 'test_secret_key' = put.mask)`,
    [JSON.stringify(puts)],
  );
  return rows[0].lost;
}

async function countMissing(pool, ids) {
  const { rows } = await pool.query(
    `SELECT count(*)::integer AS missing FROM unnest($1::text[]) AS id
     WHERE NOT EXISTS (SELECT FROM stripe_events WHERE event_id = id)`,
    [ids],
  );
  return rows[0].missing;
}

async function countDoubled(pool) {
  const { rows } = await pool.query(
    'SELECT count(*)::integer AS doubled FROM (SELECT FROM effects GROUP BY event_id HAVING count(*) > 1)',
  );
  return rows[0].doubled;
}

/** A proxy that can hold everything back for a while, and says when a statement passes. */
async function startProxy(target) {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  let stalled = false;
  let watched;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (from === client && watched !== undefined && chunk.includes(watched.text)) {
          watched.done();
          watched = undefined;
        }
        to.write(chunk);
      });
      from.on('error', () => to.destroy());
      from.on('close', () => {
        sockets.delete(from);
        to.end();
      });
      if (stalled) from.pause();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(server.address().port);
  return {
    url: url.href,
    watchFor: (text) => new Promise((done) => (watched = { text, done })),
    stall() {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    pass() {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function startService(databaseUrl, keyRingFile) {
  const preload = options.control ? ['--import', './test/rigs/unwatched-pool.js'] : [];
  const child = spawn(process.execPath, [...preload, 'test/support/event-host.js'], {
    cwd: new URL('../..', import.meta.url),
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      KEY_RING_FILE: keyRingFile,
      AUTH_JWT_SECRET: JWT_SECRET,
      PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  for (let tries = 0; tries < 3_000; tries++) {
    const url = /listening at (\S+)/.exec(output)?.[1];
    if (url !== undefined) return { url, child };
    if (child.exitCode !== null) break;
    await delay(100);
  }
  throw new Error(`the service did not start:\n${output}`);
}

function signalAll(pids, signal) {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // A backend may have ended since it was found.
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

/** PostgreSQL's processes, the first of them last to be found stopped. */
async function processesOf(folder) {
  const found = await findPostmaster(folder);
  const parents = await Promise.all(
    (await readdir('/proc'))
      .filter((name) => /^\d+$/.test(name))
      .map(async (pid) => {
        const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
        return { pid: Number(pid), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) };
      }),
  );
  return [found, ...parents.filter(({ parent }) => parent === found).map(({ pid }) => pid)];
}

async function findPostmaster(folder) {
  const names = await readdir(folder, { recursive: true });
  const file = names.find((name) => name.endsWith('postmaster.pid'));
  if (file === undefined) throw new Error('PostgreSQL has no postmaster.pid');
  return Number(readFileSync(join(folder, file), 'utf8').split('\n')[0]);
}

function seconds() {
  return Math.round((Date.now() - started) / 1000);
}
