// What happens to the service under many times the load that it can bear.
//
//   npm run build && node test/rigs/overload.js [--connections 1000] [--seconds 8] [--control]
//
// So many connections send PUTs as fast as they are answered, while readiness is asked for ten times a second. What is accepted must be
// answered within a second at p99, refusals as well, readiness may never be refused, and memory may grow by 100 MiB. With
// --control the bound on requests at once is out of the way. Ends with 1 when its expectation is not met.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import jsonwebtoken from 'jsonwebtoken';
import { startEmbeddedPostgres } from '../../dist/embedded-postgres/embedded-postgres.js';
import { createKeyRingFile } from '../../dist/payments/crypto/key-ring-file.js';

const { values: options } = parseArgs({
  options: {
    connections: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '8' },
    control: { type: 'boolean', default: false },
  },
});
const USUAL_CONNECTIONS = 16;
const SECRET = randomBytes(48).toString('base64url');
const TOKEN = jsonwebtoken.sign({}, SECRET, { subject: 'rig', expiresIn: '1h' });

const folder = await mkdtemp(join(tmpdir(), 'stripe-config-rig-'));
const postgres = await startEmbeddedPostgres(folder);
let child;
try {
  const ring = join(folder, 'ring.json');
  await createKeyRingFile(ring);
  child = spawn(process.execPath, ['dist/main.js'], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'development',
      PORT: '0',
      DATABASE_URL: postgres.url,
      KEY_RING_FILE: ring,
      AUTH_JWT_SECRET: SECRET,
      ...(options.control && { REQUESTS_AT_ONCE: '10000' }),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await untilReady(child);
  const project = await createProject(url);
  await load(url, project, USUAL_CONNECTIONS, 2);
  const quiet = await load(url, project, USUAL_CONNECTIONS, Number(options.seconds) / 2);
  const before = await memory(child.pid);
  const heavy = await load(url, project, Number(options.connections), Number(options.seconds));
  const grown = (await memory(child.pid)) - before;
  console.log(JSON.stringify({ control: options.control, quiet, heavy, grownMiB: grown }));
  const isGood =
    heavy.accepted.p99 <= 1_000 && heavy.refused.p99 <= 1_000 && heavy.unready === 0 && grown <= 100;
  process.exitCode = isGood === options.control ? 1 : 0;
} finally {
  if (child !== undefined && child.exitCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await postgres.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

async function load(url, project, connections, duration) {
  const times = { accepted: [], refused: [] };
  const state = { over: false, ready: 0, unready: 0 };
  const probing = probe(url, state);
  const run = autocannon({
    url: `${url}/api/v1/payments/stripe/projects/${project}/config`,
    method: 'PUT',
    connections,
    duration,
    timeout: 20,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    setupClient(client) {
      client.on('request', () => {
        const key = `sk_test_${randomBytes(16).toString('hex')}`;
        client.setBody(JSON.stringify({ test_secret_key: key }));
      });
      client.on('response', (status, _bytes, ms) =>
        (status === 200 ? times.accepted : times.refused).push(ms),
      );
    },
  });
  await run;
  state.over = true;
  await probing;
  return {
    accepted: summary(times.accepted, duration),
    refused: summary(times.refused, duration),
    ready: state.ready,
    unready: state.unready,
  };
}

function summary(times, seconds) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part) => Math.round(sorted[Math.floor(sorted.length * part)] ?? 0);
  return { perSecond: Math.round(sorted.length / seconds), p50: at(0.5), p99: at(0.99) };
}

async function probe(url, state) {
  while (!state.over) {
    const { status } = await fetch(`${url}/health/ready`).catch(() => ({ status: 0 }));
    if (status === 200) state.ready += 1;
    else state.unready += 1;
    await delay(100);
  }
}

async function memory(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)[1]) / 1_024);
}

async function untilReady({ stdout }) {
  let output = '';
  stdout.on('data', (chunk) => {
    if (output.length < 100_000) output += chunk;
  });
  for (let tries = 0; tries < 600; tries++) {
    const url = /Server listening at (http:[^"\s]+)/.exec(output)?.[1];
    if (url !== undefined && (await fetch(`${url}/health/ready`)).status === 200) return url;
    await delay(100);
  }
  throw new Error(`the service did not start:\n${output}`);
}

async function createProject(url) {
  const response = await fetch(`${url}/api/v1/projects`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Shop' }),
  });
  return (await response.json()).id;
}
