// Whether one owner with many projects can exhaust the service.
//
//   npm run build && node test/rigs/one-owner.js [--projects 20000] [--rounds 5] [--control]
//
// An owner has 20,000 projects, put into the database past the limit for each owner. Twenty lists of them are asked for at
// once, five times, of both addresses that list; meanwhile another owner reads a configuration again and again. The service may
// not grow by more than 100 MiB, and the other owner may get no 503. With --control a page holds all projects
// (test/rigs/unbounded-projects.js), and the service grows. Takes a minute at most. Ends with 1 when its expectation is not met.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/embedded-postgres/embedded-postgres.js';
import { migrate } from '../../dist/app/migrate.js';
import { createKeyRingFile } from '../../dist/payments/crypto/key-ring-file.js';

const { values: options } = parseArgs({
  options: {
    projects: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '5' },
    control: { type: 'boolean', default: false },
  },
});
const AT_ONCE = 20;
const MAX_GROWTH_MIB = 100;
const LISTS = ['/api/v1/projects', '/api/v1/payments/projects'];
const JWT_SECRET = randomBytes(48).toString('base64url');
const tokenOf = (subject) => jsonwebtoken.sign({}, JWT_SECRET, { subject, expiresIn: '1h' });

const folder = await mkdtemp(join(tmpdir(), 'stripe-config-rig-'));
const postgres = await startEmbeddedPostgres(folder);
let service;
try {
  const keyRingFile = join(folder, 'ring.json');
  await createKeyRingFile(keyRingFile);
  await migrate(postgres.url);
  await insertProjects(postgres.url);
  service = await startService(postgres.url, keyRingFile);
  process.exitCode = (await measure(service)) === options.control ? 1 : 0;
} finally {
  service?.child.kill('SIGKILL');
  await postgres.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

/** @returns whether the service stayed as small as it was, and served the other owner */
async function measure({ url, child }) {
  const created = await fetch(`${url}/api/v1/projects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${tokenOf('other')}`, 'content-type': 'application/json' },
    body: '{"name":"Shop"}',
  });
  const { id } = await created.json();
  for (const list of LISTS) await read(url + list, 'other');
  const before = await peakMib(child.pid);
  const other = { requests: 0, refused: 0, over: false };
  const reading = readOn(`${url}/api/v1/payments/stripe/projects/${id}/config`, other);
  const lists = { ok: 0, refused: 0, largest: 0 };
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const list of LISTS) {
      const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => read(url + list, 'many')));
      for (const { status, size } of answers) {
        lists[status === 200 ? 'ok' : 'refused'] += 1;
        lists.largest = Math.max(lists.largest, size);
      }
    }
  }
  other.over = true;
  await reading;
  const grownMib = (await peakMib(child.pid)) - before;
  const { requests, refused } = other;
  console.log(
    JSON.stringify({ control: options.control, before, grownMib, lists, other: { requests, refused } }),
  );
  return grownMib <= MAX_GROWTH_MIB && refused === 0 && lists.refused === 0;
}

async function readOn(url, other) {
  while (!other.over) {
    const { status } = await read(url, 'other');
    other.requests += 1;
    other.refused += status === 200 ? 0 : 1;
    await delay(5);
  }
}

async function read(url, subject) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${tokenOf(subject)}` } });
  return { status: response.status, size: (await response.arrayBuffer()).byteLength };
}

/** The largest that the process has been. */
async function peakMib(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}

async function insertProjects(connectionString) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  await client.query(
    `INSERT INTO projects (owner_id, name, description)
      SELECT 'many', 'Shop ' || number, repeat('x', 1000) FROM generate_series(1, $1::integer) AS number`,
    [Number(options.projects)],
  );
  await client.query('VACUUM ANALYZE projects');
  await client.end();
}

async function startService(databaseUrl, keyRingFile) {
  const preload = options.control ? ['--import', './test/rigs/unbounded-projects.js'] : [];
  const child = spawn(process.execPath, [...preload, 'dist/main.js'], {
    cwd: new URL('../..', import.meta.url),
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'development',
      DATABASE_URL: databaseUrl,
      KEY_RING_FILE: keyRingFile,
      AUTH_JWT_SECRET: JWT_SECRET,
      PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = { text: '' };
  child.stdout.on('data', (chunk) => (output.text += chunk));
  return { child, url: await urlOf(child, output) };
}

/** Waits until it serves. */
async function urlOf(child, output) {
  for (let tries = 0; tries < 600; tries++) {
    const url = /listening at (http\S+?)"/.exec(output.text)?.[1];
    if (url !== undefined && (await fetch(`${url}/health/ready`)).ok) return url;
    if (child.exitCode !== null) break;
    await delay(100);
  }
  throw new Error(`the service did not start:\n${output.text}`);
}
