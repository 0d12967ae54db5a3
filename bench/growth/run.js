// What growth costs: the same service on a database with 1,000 projects and 2,000 events, and on one with 1,000,000 and
// 2,000,000, on one server, in turns. Prints the medians of latency and CPU of each kind of request in both, the median of their
// ratios round by round (goal 1.2), and which tables were read whole while the service on the large one was idle (goal: none that
// grows) and while it was under load.
//
//   npm run bench:growth -- [projects] [events] [rounds] [kinds, separated by commas]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/embedded-postgres/embedded-postgres.js';
import { migrate } from '../../dist/app/migrate.js';
import { createKeyRingFile } from '../../dist/payments/crypto/key-ring-file.js';
import { untilReady } from '../until-ready.js';
import { fill } from './fill.js';
import { JWT_SECRET, REQUESTS, makeTemplate, put } from './requests.js';

const PROJECTS = Number(process.argv[2] ?? 1_000_000);
const EVENTS = Number(process.argv[3] ?? 2_000_000);
const ROUNDS = Number(process.argv[4] ?? 5);
const KINDS = process.argv[5]?.split(',') ?? Object.keys(REQUESTS);
const FEW_PROJECTS = 1_000;
const FEW_EVENTS = 2_000;
/** Projects that requests are about. */
const SAMPLE = 300;
const CONNECTIONS = 8;
const SECONDS = 3;
/** Longer than the longest pause of a periodic task. */
const IDLE_SECONDS = 75;
const CLOCK_TICKS_PER_SECOND = 100;
/** A table of one page is read whole; these have a row for each key, and for each replica. */
const SMALL = ['stripe_config_keys', 'stripe_config_replicas', 'migrations'];

const folder = await mkdtemp(join(tmpdir(), 'stripe-config-bench-'));
const postgres = await startEmbeddedPostgres(folder);
const keyRingFile = join(folder, 'ring.json');
const children = [];
try {
  await createKeyRingFile(keyRingFile);
  const few = await start('few', FEW_PROJECTS, FEW_EVENTS);
  const many = await start('many', PROJECTS, EVENTS);
  console.log(
    `${FEW_PROJECTS} projects with ${FEW_EVENTS} events, and ${PROJECTS} with ${EVENTS}; ${CONNECTIONS} connections, ` +
      `${SECONDS} s a run, ${ROUNDS} rounds in turns, node ${process.version}\n`,
  );
  console.log(
    `read whole while idle for ${IDLE_SECONDS} s: ${await scansDuring(many, () => delay(IDLE_SECONDS * 1000))}\n`,
  );
  const scans = await scansDuring(many, async () => {
    for (const kind of KINDS) await compare(kind, [few, many]);
  });
  console.log(`read whole under load: ${scans}`);
} finally {
  for (const child of children) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await postgres.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

/** Makes a database of its own, fills it, and starts a service on it. */
async function start(name, projects, events) {
  const url = new URL(postgres.url);
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  url.pathname = `/${name}`;
  await migrate(url.href);
  const template = await startService(url.href);
  const id = await makeTemplate(template);
  await end(template);
  const began = performance.now();
  await fill(url.href, id, { projects, events });
  console.log(`${name}: filled in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  const service = { name, ...(await startService(url.href)), databaseUrl: url.href };
  service.sample = await sampleOf(url.href);
  for (const { id: sampleId, owner } of service.sample) await put(service, sampleId, owner, `first ${name}`);
  return service;
}

async function startService(databaseUrl) {
  const child = spawn(process.execPath, ['dist/main.js'], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'development',
      PORT: '0',
      DATABASE_URL: databaseUrl,
      KEY_RING_FILE: keyRingFile,
      AUTH_JWT_SECRET: JWT_SECRET,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  let output = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk;
    const url = /Server listening at (http:\/\/[\d.:]+)/.exec(output)?.[1];
    if (url === undefined) continue;
    child.stdout.resume();
    await untilReady(url);
    return { child, url };
  }
  throw new Error(`the service did not start:\n${output}`);
}

async function end({ child }) {
  children.splice(children.indexOf(child), 1);
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** Projects from all over the table. */
async function sampleOf(databaseUrl) {
  const { rows } = await ask(
    databaseUrl,
    `SELECT id, owner_id AS owner FROM projects WHERE owner_id <> 'template' ORDER BY random() LIMIT ${SAMPLE}`,
  );
  return rows;
}

async function ask(databaseUrl, sql) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const result = await client.query(sql);
  await client.end();
  return result;
}

/** Measures one kind of request in turns, each round beginning with the other service. */
async function compare(kind, services) {
  for (const service of services) await measure(service, kind, 1);
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const results = [];
    for (const index of round % 2 === 0 ? [0, 1] : [1, 0])
      results[index] = await measure(services[index], kind, SECONDS);
    rounds.push(results);
  }
  report(kind, rounds);
}

async function measure(service, kind, duration) {
  const before = [cpuSeconds(service.child.pid), databaseCpuSeconds()];
  const result = await autocannon({
    url: service.url,
    connections: CONNECTIONS,
    duration,
    requests: REQUESTS[kind](service),
  });
  if (result.non2xx > 0 || result.errors > 0) {
    throw new Error(`${kind}: ${result.non2xx} wrong answers, ${result.errors} errors`);
  }
  // What was stored is also handed on.
  if (kind === 'webhook') await delay(1_000);
  const requests = result['2xx'];
  const after = [cpuSeconds(service.child.pid), databaseCpuSeconds()];
  const [service_, database] = after.map((seconds, index) => ((seconds - before[index]) * 1e6) / requests);
  return { p50: result.latency.p50, mean: result.latency.mean, service: service_, database };
}

/** User and system time of a process so far (proc(5), fields 14 and 15). */
function cpuSeconds(pid, { ofEnded = false } = {}) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const ticks = ofEnded ? [11, 12, 13, 14] : [11, 12];
  return ticks.reduce((sum, index) => sum + Number(fields[index]), 0) / CLOCK_TICKS_PER_SECOND;
}

/** Of the server and all its processes, those that have ended as well. */
function databaseCpuSeconds() {
  let total = cpuSeconds(postmaster(), { ofEnded: true });
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
      if (Number(parent) === postmaster()) total += cpuSeconds(pid);
    } catch {
      // It has just ended.
    }
  }
  return total;
}

function postmaster() {
  return Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
}

/** Which tables were read whole, how often and how many rows of them, while something is done. */
async function scansDuring({ databaseUrl }, work) {
  const read = async () => {
    const { rows } = await ask(
      databaseUrl,
      'SELECT relname, seq_scan, seq_tup_read FROM pg_stat_user_tables',
    );
    return new Map(
      rows.map(({ relname, seq_scan, seq_tup_read }) => [relname, [Number(seq_scan), Number(seq_tup_read)]]),
    );
  };
  const before = await read();
  await work();
  // Backends report what they did with a delay.
  await delay(11_000);
  const after = await read();
  const lines = [...after].flatMap(([table, [scans, rows]]) => {
    const [scansBefore, rowsBefore] = before.get(table);
    const isSmall = SMALL.includes(table);
    return scans > scansBefore
      ? [`${table} ${scans - scansBefore} times, ${rows - rowsBefore} rows${isSmall ? ' (small)' : ''}`]
      : [];
  });
  return lines.join('; ') || 'nothing';
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function report(kind, rounds) {
  const rows = {
    'p50 ms': 'p50',
    'mean ms': 'mean',
    'CPU µs, service': 'service',
    'CPU µs, database': 'database',
  };
  console.log(kind.padEnd(18), 'few'.padStart(10), 'many'.padStart(10), 'ratio'.padStart(8));
  for (const [label, key] of Object.entries(rows)) {
    const figures = [0, 1].map((index) => median(rounds.map((results) => results[index][key])));
    const ratio = median(rounds.map(([few, many]) => many[key] / few[key]));
    console.log(
      label.padEnd(18),
      ...figures.map((figure) => figure.toFixed(1).padStart(10)),
      ratio.toFixed(2).padStart(8),
    );
  }
  console.log();
}
