// What strangers can make the service do: the CPU and memory of bodies behind a 401, 404 or 413, of large webhooks without a signature
// and of pipelined requests, with bodies and without, and the transactions of webhooks for a project that takes none.
//
//   npm run build && node test/rigs/abuse.js            little: bodies are not read, 16 requests run at a time
//   npm run build && node test/rigs/abuse.js --control  much: answers keep their connection, and no socket is paused
//
// The control leaves the webhooks as they are. Loopback only. Takes less than a minute.
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as delay } from 'node:timers/promises';
import jsonwebtoken from 'jsonwebtoken';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/embedded-postgres/embedded-postgres.js';
import { createKeyRingFile } from '../../dist/payments/crypto/key-ring-file.js';

const MIB = 1024 * 1024;
const OFFERED_BYTES = 4096 * MIB;
const LIMIT_MS = 15_000;
const PIPELINED = 20_000;
const PIPELINED_WEBHOOKS = 100_000;
const WEBHOOKS = 500;
const UNSIGNED = 400;
/** Most memory that requests which wait for one connection may take, in MiB; a control takes some hundred. */
const MAX_GROWTH_MIB = 100;

/** Takes the limits out: every answer keeps its connection, and nothing stops reading. */
const CONTROL = `
import { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
Object.defineProperty(ServerResponse.prototype, 'shouldKeepAlive', { get: () => true, set() {} });
Socket.prototype.pause = function () { return this; };
`;

const isControl = process.argv.includes('--control');
const folder = await mkdtemp(join(tmpdir(), 'abuse-'));
const postgres = await startEmbeddedPostgres(folder);
let child;
try {
  const port = await freePort();
  const keyRing = join(folder, 'ring.json');
  const preload = join(folder, 'control.mjs');
  const jwtSecret = randomBytes(48).toString('base64url');
  await createKeyRingFile(keyRing);
  await writeFile(preload, CONTROL);
  child = spawn(process.execPath, [...(isControl ? ['--import', preload] : []), 'dist/main.js'], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'development',
      PORT: String(port),
      DATABASE_URL: postgres.url,
      KEY_RING_FILE: keyRing,
      AUTH_JWT_SECRET: jwtSecret,
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await delay(200);

  const taken = [];
  for (const [status, head] of Object.entries(await headsByStatus(url, jwtSecret))) {
    const cpu = await cpuSeconds();
    const began = performance.now();
    const sent = await pour(port, head, status);
    const seconds = (performance.now() - began) / 1_000;
    const bodyCpu = (await cpuSeconds()) - cpu;
    taken.push(sent);
    console.log(
      `body behind a ${status}: ${(sent / MIB).toFixed(0)} of 4096 MiB taken in ${seconds.toFixed(1)} s, ${bodyCpu.toFixed(1)} s of CPU`,
    );
  }

  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const before = await transactions(client);
  const path = `${url}/api/v1/payments/stripe/webhooks/${randomUUID()}/test`;
  const headers = { 'stripe-signature': `t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}` };
  for (let index = 0; index < WEBHOOKS; index += 50) {
    const send = async () => (await fetch(path, { method: 'POST', body: '{}', headers })).arrayBuffer();
    await Promise.all(Array.from({ length: 50 }, send));
  }
  // What is counted is reported with a delay.
  await delay(2_000);
  console.log(
    `webhooks for an unknown project: ${(await transactions(client)) - before} transactions for ${WEBHOOKS}`,
  );
  await client.end();

  const hook = await takeWebhooks(url, jwtSecret);
  let memory = await residentMib();
  const held = await sendUnsigned(port, hook);
  console.log(`${UNSIGNED} webhooks of 1 MB without a signature: ${(held - memory).toFixed(0)} MiB more`);

  const head = 'Host: x\r\nStripe-Signature: ' + headers['stripe-signature'];
  const forged = `POST ${hook} HTTP/1.1\r\n${head}\r\nContent-Length: 2\r\n\r\n{}`;
  memory = await residentMib();
  const withBodies = (await pipeline(port, forged, PIPELINED_WEBHOOKS)) - memory;
  console.log(
    `${PIPELINED_WEBHOOKS} pipelined webhooks whose answers nobody reads: ${withBodies.toFixed(0)} MiB more`,
  );

  memory = await residentMib();
  const health = 'GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n';
  const grown = (await pipeline(port, health, PIPELINED)) - memory;
  console.log(`${PIPELINED} pipelined requests whose answers nobody reads: ${grown.toFixed(0)} MiB more`);
  const isBounded = taken.every((bytes) => bytes < 64 * MIB) && withBodies < MAX_GROWTH_MIB;
  process.exitCode = isBounded === isControl ? 1 : 0;
} finally {
  child?.kill('SIGKILL');
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Requests that are answered before their body, by the status. */
async function headsByStatus(url, jwtSecret) {
  const token = jsonwebtoken.sign({}, jwtSecret, { subject: 'rig', expiresIn: '1h' });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const created = await fetch(`${url}/api/v1/projects`, { method: 'POST', headers, body: '{"name":"Shop"}' });
  const config = (id) => `PUT /api/v1/payments/stripe/projects/${id}/config HTTP/1.1`;
  const authorized = `Authorization: Bearer ${token}\r\nContent-Type: application/json`;
  return {
    401: config(randomUUID()),
    404: `${config(randomUUID())}\r\n${authorized}`,
    413: `${config((await created.json()).id)}\r\n${authorized}`,
  };
}

/** Sends a body behind a head until the connection is closed. */
async function pour(port, head, status) {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const limit = setTimeout(() => socket.destroy(), LIMIT_MS);
  const chunk = Buffer.alloc(MIB, 'x');
  let taken = 0;
  const send = () => {
    if (taken >= OFFERED_BYTES) return void socket.destroy();
    socket.write(chunk, (error) => {
      taken += chunk.length;
      if (!error && !socket.destroyed) send();
    });
  };
  socket.on('error', () => undefined);
  socket.once('data', (answer) => {
    if (!String(answer).startsWith(`HTTP/1.1 ${status}`)) throw new Error(`not ${status}: ${answer}`);
  });
  socket.write(`${head}\r\nHost: x\r\nContent-Length: ${OFFERED_BYTES}\r\n\r\n`);
  send();
  await closed;
  clearTimeout(limit);
  return taken;
}

/** @returns the path of the webhooks of a project that takes some */
async function takeWebhooks(url, jwtSecret) {
  const token = jsonwebtoken.sign({}, jwtSecret, { subject: 'rig', expiresIn: '1h' });
  const send = (method, path, body) =>
    fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const { id } = await (await send('POST', '/api/v1/projects', { name: 'Shop' })).json();
  const { status } = await send('PUT', `/api/v1/payments/stripe/projects/${id}/config`, {
    test_webhook_secret: `whsec_${randomBytes(24).toString('hex')}`,
  });
  if (status !== 200) throw new Error(`PUT: ${status}`);
  return `/api/v1/payments/stripe/webhooks/${id}/test`;
}

/** @returns the most memory while large webhooks without a signature are half sent */
async function sendUnsigned(port, path) {
  const sockets = Array.from({ length: UNSIGNED }, () => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n`);
    socket.write(Buffer.alloc(990_000, 'x'));
    return socket;
  });
  const most = await mostMemory();
  for (const socket of sockets) socket.destroy();
  return most;
}

/** @returns the most memory while the requests are there */
async function pipeline(port, request, count) {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined).pause();
  socket.write(request.repeat(count));
  const most = await mostMemory();
  socket.destroy();
  return most;
}

async function mostMemory() {
  let most = 0;
  for (let look = 0; look < 50; look++) {
    most = Math.max(most, await residentMib());
    await delay(100);
  }
  return most;
}

async function cpuSeconds() {
  const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function residentMib() {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${child.pid}/status`, 'utf8'));
  return Number(kib) / 1024;
}

async function transactions(client) {
  const { rows } = await client.query(
    'SELECT xact_commit::integer AS count FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0].count;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
