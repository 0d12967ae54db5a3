// Rotates the key of a full database while requests go on: fills it, adds and activates a new key, and lets
// `keys rewrap` run, killed with SIGKILL many times before it may finish. Prints how long the rewrapping took, what the
// requests felt of it, and what was lost (nothing may be). Usage: node bench/rotate.js [rows]
import { spawn } from 'node:child_process';
import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';
import { startEmbeddedPostgres } from '../dist/embedded-postgres/embedded-postgres.js';
import { createKeyRingFile, readKeyRingFile } from '../dist/payments/crypto/key-ring-file.js';
import { Sealer } from '../dist/payments/crypto/sealer.js';
import { Secret } from '../dist/payments/crypto/secret.js';
import { sealContext } from '../dist/payments/crypto/sealer.js';
import { prepareText, valuesInOrder } from '../dist/payments/database/statement.js';
import { maskOf } from '../dist/payments/domain/credential-rules.js';
import { INSERT_CONFIGS } from '../dist/payments/stripe-config/import.statements.js';
import { untilReady } from './until-ready.js';

const ROWS = Number(process.argv[2] ?? 100_000);
const BATCH = 2_000;
const FIELDS = ['test_secret_key', 'test_webhook_secret'];
const REQUESTS_PER_SECOND = 200;
const PUT_SHARE = 0.5;
const KILLS = 20;
/** How long a rewrap may go on after its first batch before it is killed, in milliseconds. */
const KILL_WITHIN_MS = 1_000;
const GOAL_SECONDS = 120;
const REQUEST_LIMIT_MS = 15_000;
const STEP_LIMIT_MS = 300_000;

const folder = await mkdtemp(join(tmpdir(), 'stripe-config-rotate-'));
const children = new Set();
const postgres = await startEmbeddedPostgres(folder);
const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
// A connection that PostgreSQL's own end cuts is no fault of the measurement.
pool.on('error', () => undefined);
try {
  const keyRingFile = join(folder, 'ring.json');
  const oldKey = await createKeyRingFile(keyRingFile);
  const secret = randomBytes(48).toString('base64url');
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    PORT: '0',
    DATABASE_URL: postgres.url,
    KEY_RING_FILE: keyRingFile,
    AUTH_JWT_SECRET: secret,
    PUBLIC_BASE_URL: 'https://bench.example',
  };
  const service = start('dist/main.js', [], env);
  const [, url] = await service.said(/listening at (http:\/\/[\d.:]+)/);
  await untilReady(url);
  const token = jsonwebtoken.sign({}, secret, { subject: 'bench', expiresIn: '1h' });

  const filling = performance.now();
  const expected = await fill(new Sealer(await readRing(keyRingFile)));
  console.log(`filled ${ROWS} rows in ${seconds(performance.now() - filling)} s, node ${process.version}`);

  const traffic = startTraffic(url, token, expected);
  await delay(3_000);
  traffic.phase('before');
  await keys(env, 'generate');
  await service.said(/key_ring\.replaced/);
  const newKey = (await readRing(keyRingFile)).usable.find(({ id }) => id !== oldKey).id;
  await keys(env, 'activate', newKey);
  await service.said(/key_ring\.replaced/);

  const rewrapping = await rewrapWithKills(env);
  traffic.phase('while rewrapping');
  await delay(3_000);
  await traffic.stop();
  traffic.phase('after');

  const left = await rowsUnder(oldKey);
  await keys(env, 'retire', oldKey);
  const wrong = await countWrong(new Sealer(await readRing(keyRingFile)), expected, traffic.uncertain);
  report(rewrapping, traffic, left, wrong);
} finally {
  for (const child of children) {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  await pool.end();
  await postgres.stop();
  await rm(folder, { recursive: true });
}

/** Runs a program of the project; `said` waits for output that nobody has waited for yet. */
function start(script, args, env) {
  const child = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.add(child);
  let output = '';
  let heard = 0;
  child.stdout.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'close').then(([code, signal]) => {
    children.delete(child);
    return { code, signal, output };
  });
  return {
    child,
    ended,
    async said(pattern) {
      const deadline = performance.now() + STEP_LIMIT_MS;
      for (;;) {
        const found = pattern.exec(output.slice(heard));
        if (found !== null) {
          heard += found.index + found[0].length;
          return found;
        }
        if (child.exitCode !== null || performance.now() > deadline)
          throw new Error(`${script} did not say ${pattern}`);
        await delay(50);
      }
    },
  };
}

async function keys(env, ...args) {
  const { code } = await start('dist/cli/keys.js', args, env).ended;
  if (code !== 0) throw new Error(`keys ${args.join(' ')}: exit code ${code}`);
}

function readRing(file) {
  return readKeyRingFile(file, { allowDevelopment: false });
}

/** @returns what each project's fields must open to, by project id */
async function fill(sealer) {
  const expected = new Map();
  for (let done = 0; done < ROWS; done += BATCH) {
    const { rows } = await pool.query(
      `INSERT INTO projects (owner_id, name) SELECT 'bench', 'p' FROM generate_series(1, $1) RETURNING id`,
      [Math.min(BATCH, ROWS - done)],
    );
    const configs = rows.map(({ id }) => {
      const values = Object.fromEntries(FIELDS.map((field) => [field, fakeValue(field, id)]));
      expected.set(id, values);
      const of = (part) => Object.fromEntries(FIELDS.map((field) => [field, part(field, values[field])]));
      return {
        project_id: id,
        sealed: of((field, value) => sealer.seal(new Secret(value), sealContext(id, field))),
        shown: of(maskOf),
        fingerprints: of((_, value) => sealer.fingerprints(new Secret(value), id)[0]),
      };
    });
    const { sql, order } = prepareText(INSERT_CONFIGS, undefined);
    const values = { configs, changed_by: 'bench', change_request_id: randomUUID() };
    await pool.query(sql, valuesInOrder(INSERT_CONFIGS, order, values));
  }
  return expected;
}

function fakeValue(field, seed) {
  const text = createHash('sha512').update(`bench ${field} ${seed}`).digest('base64').replace(/\W/g, 'x');
  return field.endsWith('webhook_secret')
    ? ['whsec', text.slice(0, 32)].join('_')
    : ['sk', 'test', `${text}${text}`.slice(0, 99)].join('_');
}

/**
 * Sends requests at a steady rate, whatever becomes of them, and notes in `expected` what was acknowledged. A project
 * has one request at a time, so that the order of its changes is known.
 */
function startTraffic(url, token, expected) {
  const agent = new Agent({ keepAlive: true });
  const projectIds = [...expected.keys()];
  const busy = new Set();
  const running = new Set();
  const uncertain = new Set();
  const phases = [];
  let latencies = [];
  let puts = 0;
  const failures = [];
  let stopped = false;

  async function one(due) {
    let id;
    do id = projectIds[randomInt(projectIds.length)];
    while (busy.has(id));
    busy.add(id);
    const isPut = Math.random() < PUT_SHARE;
    const field = FIELDS[randomInt(FIELDS.length)];
    const body = isPut ? { [field]: fakeValue(field, `${id} ${(puts += 1)}`) } : undefined;
    const { status, text } = await send(agent, url, token, id, body);
    latencies.push(performance.now() - due);
    if (status !== 200) {
      failures.push(status);
      if (isPut) uncertain.add(id);
    } else if (isPut) {
      Object.assign(expected.get(id), body);
    } else if (
      FIELDS.some((each) => JSON.parse(text)[`${each}_masked`] !== maskOf(each, expected.get(id)[each]))
    ) {
      if (!uncertain.has(id)) failures.push('wrong mask');
    }
    busy.delete(id);
  }

  const ended = (async () => {
    for (let due = performance.now(); !stopped; due += 1000 / REQUESTS_PER_SECOND) {
      await delay(Math.max(0, due - performance.now()));
      const work = one(due).finally(() => running.delete(work));
      running.add(work);
    }
    await Promise.all(running);
    agent.destroy();
  })();

  return {
    uncertain,
    phases,
    /** A status, 0 for no answer, or what was wrong with it. */
    failures,
    get puts() {
      return puts;
    },
    /** Names the requests since the last phase. */
    phase(name) {
      phases.push({ name, latencies: latencies.sort((a, b) => a - b) });
      latencies = [];
    },
    stop() {
      stopped = true;
      return ended;
    },
  };
}

/** Status 0 when there was no answer. */
function send(agent, url, token, projectId, body) {
  return new Promise((resolve) => {
    const call = request(`${url}/api/v1/payments/stripe/projects/${projectId}/config`, {
      agent,
      method: body === undefined ? 'GET' : 'PUT',
      timeout: REQUEST_LIMIT_MS,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve({ status: 0, text: '' }));
    call.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    call.end(body && JSON.stringify(body));
  });
}

async function rewrapWithKills(env) {
  const result = { ms: 0, kills: 0, rows: [] };
  for (;;) {
    const started = performance.now();
    const { child, ended, said } = start('dist/cli/keys.js', ['rewrap'], env);
    const last = result.kills === KILLS;
    if (!last) {
      await said(/\n/);
      await Promise.race([ended, delay(randomInt(KILL_WITHIN_MS))]);
      child.kill('SIGKILL');
    }
    const { code, signal, output } = await ended;
    result.ms += performance.now() - started;
    result.rows.push(Number([...output.matchAll(/"rewrapped":(\d+)/g)].at(-1)?.[1] ?? 0));
    if (signal === 'SIGKILL') result.kills += 1;
    else if (code !== 0) throw new Error(`keys rewrap: exit code ${code}`);
    else if (last || result.rows.at(-1) === 0) return result;
  }
}

async function rowsUnder(keyId) {
  const { rows } = await pool.query(
    'SELECT count(*) FROM stripe_configs WHERE EXISTS (SELECT FROM jsonb_each_text(sealed) WHERE value LIKE $1)',
    [`sc1.${keyId}.%`],
  );
  return Number(rows[0].count);
}

/** Rows that do not open to what was last acknowledged, or show another mask. */
async function countWrong(sealer, expected, uncertain) {
  const { rows } = await pool.query('SELECT project_id, sealed, shown FROM stripe_configs');
  const right = rows.filter(({ project_id: id, sealed, shown }) =>
    FIELDS.every((field) => {
      const value = sealer.tryToOpen(sealed[field], sealContext(id, field))?.reveal();
      const isExpected = value === expected.get(id)[field] || uncertain.has(id);
      return value !== undefined && isExpected && shown[field] === maskOf(field, value);
    }),
  );
  return expected.size - right.length;
}

function report({ ms, kills, rows }, traffic, left, lost) {
  console.log(`rewrapped in ${seconds(ms)} s in all (goal ${GOAL_SECONDS}), killed ${kills} times`);
  console.log(`rows before each end: ${rows.join(' ')}`);
  console.log(
    `failed requests ${traffic.failures.length} (${[...new Set(traffic.failures)].join(', ') || 'none'}), lost updates ${lost} of ${traffic.puts} PUTs, rows left ${left}`,
  );
  for (const { name, latencies } of traffic.phases) {
    const at = (part) => (latencies[Math.floor(latencies.length * part)] ?? NaN).toFixed(1);
    console.log(`${name.padEnd(17)} ${latencies.length} requests, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
  }
  if (traffic.failures.length + lost + left > 0 || ms > GOAL_SECONDS * 1000) process.exitCode = 1;
}

function seconds(ms) {
  return (ms / 1000).toFixed(1);
}
