// Measures PUT and GET of a configuration beside the bare limit (limit.js) and beside what a user would write instead
// (textbook.ts), on one database, in turns, so that the machine's noise hits all. Prints medians over the rounds, and the median
// of the service's ratios to each other one, round by round. Then PUT once more, by more clients, beside the same service without
// announcements of changes (without-announcements.js). Then both beside the same service without a line that records metrics or
// spans (without-telemetry.js), and with a page of metrics. The second argument names a part to run alone: `limit`, `announcements` or
// `telemetry`.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformFile } from '@swc/core';
import autocannon from 'autocannon';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';
import { startEmbeddedPostgres } from '../dist/embedded-postgres/embedded-postgres.js';
import { createKeyRingFile } from '../dist/payments/crypto/key-ring-file.js';
import { untilReady } from './until-ready.js';

const ROUNDS = Number(process.argv[2] ?? 5);
const PART = process.argv[3];
const SECONDS = 4;
const CONNECTIONS = 16;
const MANY_CONNECTIONS = 64;
const PROJECTS = 500;
const CLOCK_TICKS_PER_SECOND = 100;

const folder = await mkdtemp(join(tmpdir(), 'stripe-config-bench-'));
const postgres = await startEmbeddedPostgres(folder);
const children = [];
try {
  const keyRingFile = join(folder, 'ring.json');
  await createKeyRingFile(keyRingFile);
  const secret = randomBytes(48).toString('base64url');
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'development',
    PORT: '0',
    DATABASE_URL: postgres.url,
    KEY_RING_FILE: keyRingFile,
    AUTH_JWT_SECRET: secret,
    // What is refused is not measured here.
    REQUESTS_AT_ONCE: '1000',
  };
  const service = await start('service', ['dist/main.js'], env);
  const token = jsonwebtoken.sign({}, secret, { subject: 'bench', expiresIn: '1h' });
  const projectIds = await createProjects(postgres.url);
  await configureAll(service, token, projectIds);

  console.log(
    `${CONNECTIONS} connections, ${SECONDS} s a run, ${ROUNDS} rounds in turns, node ${process.version}\n`,
  );
  const load = { token, projectIds, connections: CONNECTIONS };
  if (isRun('limit')) {
    const limit = await start('limit', ['bench/limit.js'], env);
    const textbook = await start('textbook', [await compileTextbook()], env);
    await configureAll(textbook, token, projectIds);
    for (const method of ['PUT', 'GET']) await compare(method, [service, limit, textbook], load);
  }
  if (isRun('announcements')) {
    const silent = await start(
      'silent',
      ['--import', './bench/without-announcements.js', 'dist/main.js'],
      env,
    );
    console.log(`${MANY_CONNECTIONS} connections\n`);
    await compare('PUT', [service, silent], { ...load, connections: MANY_CONNECTIONS });
  }
  if (isRun('telemetry')) {
    const bare = await start('bare', ['--import', './bench/without-telemetry.js', 'dist/main.js'], env);
    const observed = await start('observed', ['dist/main.js'], { ...env, METRICS_PORT: '0' });
    // As warm as the first one.
    for (const each of [bare, observed]) await configureAll(each, token, projectIds);
    for (const method of ['PUT', 'GET']) await compare(method, [service, bare, observed], load);
  }
} finally {
  for (const child of children) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await postgres.stop();
  await rm(folder, { recursive: true });
}

function isRun(part) {
  return PART === undefined || PART === part;
}

async function start(name, args, env) {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let output = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk;
    const url = /listening at (http:\/\/[\d.:]+)/i.exec(output)?.[1];
    if (url !== undefined) {
      child.stdout.resume();
      if (args.includes('dist/main.js')) await untilReady(url);
      return { name, url, pid: child.pid };
    }
  }
  throw new Error(`${name} did not start`);
}

/** Nest's decorators need a compiler; tsc has no part of the bench. */
async function compileTextbook() {
  const { code } = await transformFile('bench/textbook.ts');
  await mkdir('dist/bench', { recursive: true });
  await writeFile('dist/bench/textbook.js', code);
  return 'dist/bench/textbook.js';
}

async function createProjects(databaseUrl) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `CREATE TABLE textbook_configs (
      project_id uuid PRIMARY KEY, test_secret_key text, test_publishable_key text, test_webhook_secret text, live_secret_key text,
      live_publishable_key text, live_webhook_secret text, masks jsonb NOT NULL DEFAULT '{}',
      created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now())`,
  );
  const { rows } = await client.query(
    `INSERT INTO projects (owner_id, name) SELECT 'bench', 'p' FROM generate_series(1, ${PROJECTS}) RETURNING id`,
  );
  await client.end();
  return rows.map(({ id }) => id);
}

/** Every project gets a configuration, so that GET has one to read. */
async function configureAll(server, token, projectIds) {
  for (const [index, id] of projectIds.entries()) {
    const response = await fetch(`${server.url}/api/v1/payments/stripe/projects/${id}/config`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: fakeBody(index),
    });
    if (!response.ok) throw new Error(`PUT: ${response.status}`);
  }
}

function fakeBody(seed) {
  const text = createHash('sha512').update(`bench ${seed}`).digest('base64').replace(/\W/g, 'x');
  return JSON.stringify({
    test_secret_key: ['sk', 'test', `${text}${text}`.slice(0, 99)].join('_'),
    test_publishable_key: ['pk', 'test', `${text}${text}`.slice(1, 100)].join('_'),
    test_webhook_secret: ['whsec', text.slice(0, 32)].join('_'),
  });
}

/** Measures servers in turns, each round beginning with another one. */
async function compare(method, servers, load) {
  for (const server of servers) await measure(server, method, load, 2);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const results = [];
    for (let turn = 0; turn < servers.length; turn++) {
      const index = (round + turn) % servers.length;
      results[index] = await measure(servers[index], method, load, SECONDS);
    }
    rounds.push(results);
  }
  report(
    method,
    servers.map(({ name }) => name),
    rounds,
  );
}

async function measure({ url, pid }, method, { token, projectIds, connections }, duration) {
  const before = cpuSeconds(pid);
  const result = await autocannon({
    url,
    connections,
    duration,
    requests: projectIds.map((id, index) => ({
      method,
      path: `/api/v1/payments/stripe/projects/${id}/config`,
      headers: {
        authorization: `Bearer ${token}`,
        ...(method === 'PUT' && { 'content-type': 'application/json' }),
      },
      ...(method === 'PUT' && { body: fakeBody(index) }),
    })),
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${method}: ${result.non2xx} wrong answers, ${result.errors} errors`);
  const requests = result['2xx'];
  return {
    perSecond: requests / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    cpuMicros: ((cpuSeconds(pid) - before) * 1e6) / requests,
    rssMiB: memoryMiB(pid),
  };
}

/** User and system time of a process so far (proc(5), fields 14 and 15). */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

function memoryMiB(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function report(method, names, rounds) {
  const rows = {
    'requests a second': 'perSecond',
    'p50 ms': 'p50',
    'p99 ms': 'p99',
    'CPU µs a request': 'cpuMicros',
    'memory MiB': 'rssMiB',
  };
  const [, ...others] = names;
  console.log(
    method.padEnd(20),
    ...names.map((name) => name.padStart(10)),
    ...others.map((name) => `of ${name}`.padStart(12)),
  );
  for (const [label, key] of Object.entries(rows)) {
    const figures = names.map((_, index) => median(rounds.map((results) => results[index][key])));
    const ratios = others.map((_, index) =>
      median(rounds.map(([own, ...rest]) => own[key] / rest[index][key])),
    );
    console.log(
      label.padEnd(20),
      ...figures.map((figure) => figure.toFixed(1).padStart(10)),
      ...ratios.map((ratio) => ratio.toFixed(2).padStart(12)),
    );
  }
  console.log();
}
