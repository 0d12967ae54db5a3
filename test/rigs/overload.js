// What happens to the service under many times the load that it can bear.
//
//   npm run build && node test/rigs/overload.js [--connections 400] [--times 10] [--seconds 8] [--control]
//
// First 300 GETs come at once, all of which must be answered. Then ten times as many PUTs are sent as it has answered a second, over so
// many connections, while readiness is asked for and a webhook is sent ten times a second. What is accepted must be answered within a
// second at p99, refusals as well; no probe and no webhook may be refused, and memory may grow by 100 MiB. Times are those that the
// clients see, and behind them those in the service, as its log has them; the CPU of both says who had to wait for the cores. With
// --control neither the requests at once nor the writes that wait for a connection have a bound. Ends with 1 when its expectation is
// not met.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import jsonwebtoken from 'jsonwebtoken';
import Stripe from 'stripe';
import { startEmbeddedPostgres } from '../../dist/embedded-postgres/embedded-postgres.js';
import { createKeyRingFile } from '../../dist/payments/crypto/key-ring-file.js';

const { values: options } = parseArgs({
  options: {
    connections: { type: 'string', default: '400' },
    times: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '8' },
    control: { type: 'boolean', default: false },
  },
});
const USUAL_CONNECTIONS = 16;
const BURST = 300;
const SECRET = randomBytes(48).toString('base64url');
const WEBHOOK_SECRET = `whsec_${randomBytes(24).toString('hex')}`;
const TOKEN = jsonwebtoken.sign({}, SECRET, { subject: 'rig', expiresIn: '1h' });

/** How long PUTs took inside the service, in milliseconds. */
const inService = [];
const folder = await mkdtemp(join(tmpdir(), 'stripe-config-rig-'));
const postgres = await startEmbeddedPostgres(folder);
let child;
try {
  const ring = join(folder, 'ring.json');
  await createKeyRingFile(ring);
  const preload = options.control ? ['--import', './test/rigs/unbounded-writes.js'] : [];
  child = spawn(process.execPath, [...preload, 'dist/main.js'], {
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
  const burst = await sendBurst(url, project);
  const before = await memory(child.pid);
  const rate = Number(options.times) * quiet.accepted.perSecond;
  const heavy = await load(url, project, Number(options.connections), Number(options.seconds), rate);
  const grown = (await memory(child.pid)) - before;
  console.log(JSON.stringify({ control: options.control, quiet, burst, heavy, grownMiB: grown }));
  const isGood =
    burst.answered === BURST &&
    heavy.accepted.p99 <= 1_000 &&
    heavy.refused.p99 <= 1_000 &&
    heavy.unready === 0 &&
    heavy.webhooks.refused === 0 &&
    grown <= 100;
  process.exitCode = isGood === options.control ? 1 : 0;
} finally {
  if (child !== undefined && child.exitCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await postgres.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

async function load(url, project, connections, duration, rate) {
  const times = { accepted: [], refused: [] };
  const state = { over: false, ready: 0, unready: 0, webhooks: { stored: 0, refused: 0 } };
  inService.length = 0;
  const cpuBefore = await cpuSeconds(child.pid);
  const probing = Promise.all([probe(url, state), sendWebhooks(url, project, state)]);
  const run = autocannon({
    url: `${url}/api/v1/payments/stripe/projects/${project}/config`,
    method: 'PUT',
    connections,
    duration,
    ...(rate !== undefined && { overallRate: rate }),
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
  const cpuAfter = await cpuSeconds(child.pid);
  const share = (name) => Math.round(((cpuAfter[name] - cpuBefore[name]) / duration) * 100) / 100;
  return {
    accepted: summary(times.accepted, duration),
    inService: summary(inService, duration),
    refused: summary(times.refused, duration),
    ready: state.ready,
    unready: state.unready,
    webhooks: state.webhooks,
    cores: { clients: share('clients'), service: share('service') },
  };
}

/** Reads a configuration over many connections at once. */
async function sendBurst(url, project) {
  const began = performance.now();
  const read = async () => {
    const response = await fetch(`${url}/api/v1/payments/stripe/projects/${project}/config`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    await response.arrayBuffer();
    return response.ok;
  };
  const answers = await Promise.all(Array.from({ length: BURST }, read));
  return {
    answered: answers.filter((isOk) => isOk).length,
    ms: Math.round(performance.now() - began),
  };
}

async function cpuSeconds(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ');
  const { user, system } = process.cpuUsage();
  return { clients: (user + system) / 1e6, service: (Number(fields[11]) + Number(fields[12])) / 100 };
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

async function sendWebhooks(url, project, state) {
  const { webhooks } = state;
  const { webhooks: signing } = new Stripe('sk_test_unused');
  while (!state.over) {
    const event = { id: `evt_${randomBytes(12).toString('hex')}`, object: 'event', type: 'charge.succeeded' };
    const payload = JSON.stringify({ ...event, livemode: false, created: 1, data: { object: {} } });
    const header = signing.generateTestHeaderString({ payload, secret: WEBHOOK_SECRET });
    const { status } = await fetch(`${url}/api/v1/payments/stripe/webhooks/${project}/test`, {
      method: 'POST',
      headers: { 'stripe-signature': header },
      body: payload,
    }).catch(() => ({ status: 0 }));
    webhooks[status === 200 ? 'stored' : 'refused'] += 1;
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
    for (const line of String(chunk).split('\n')) {
      const ms = /"method":"PUT".*"status":200.*"durationMs":([\d.]+)/.exec(line)?.[1];
      if (ms !== undefined) inService.push(Number(ms));
    }
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
  const { id } = await response.json();
  const stored = await fetch(`${url}/api/v1/payments/stripe/projects/${id}/config`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ test_webhook_secret: WEBHOOK_SECRET }),
  });
  if (!stored.ok) throw new Error(`PUT: ${stored.status}`);
  return id;
}
