// A rolling restart of two replicas behind HAProxy, which asks for readiness every 2 s, believes the third refusal, and
// retries nothing: how many requests fail?
//
//   npm run build && node test/rigs/rolling-stop.js            0 failed: each replica serves on until it is left alone
//   npm run build && node test/rigs/rolling-stop.js --control  some fail: the listener closes at once
//
// Needs haproxy in the PATH. Takes about a minute.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import jsonwebtoken from 'jsonwebtoken';
import { startEmbeddedPostgres } from '../../dist/embedded-postgres/embedded-postgres.js';
import { createKeyRingFile } from '../../dist/payments/crypto/key-ring-file.js';

const CLIENTS = 8;
/** Between two requests of a client, in milliseconds. */
const PAUSE_MS = 10;
/** Longest a replica may take to start or to stop, in milliseconds. */
const LIMIT_MS = 60_000;

const isControl = process.argv.includes('--control');
const folder = await mkdtemp(join(tmpdir(), 'rolling-stop-'));
const secret = randomBytes(48).toString('base64url');
const token = jsonwebtoken.sign({}, secret, { algorithm: 'HS256', expiresIn: '1h', subject: 'rig' });
const postgres = await startEmbeddedPostgres(folder);
const children = [];

try {
  const keyRing = join(folder, 'ring.json');
  await createKeyRingFile(keyRing);
  const [front, ...ports] = await Promise.all([freePort(), freePort(), freePort()]);
  const start = (port) =>
    run(process.execPath, ['dist/main.js'], {
      NODE_ENV: 'development',
      PORT: String(port),
      DATABASE_URL: postgres.url,
      KEY_RING_FILE: keyRing,
      AUTH_JWT_SECRET: secret,
      LOG_LEVEL: 'warn',
      // What production has when nothing is said.
      SHUTDOWN_DELAY_SECONDS: isControl ? '0' : '7',
    });
  const replicas = ports.map(start);
  await Promise.all(ports.map(isReady));
  const configuration = join(folder, 'haproxy.cfg');
  await writeFile(configuration, balancer(front, ports));
  run('haproxy', ['-db', '-f', configuration], {});
  await isReady(front);

  const load = { sent: 0, failures: {}, isOver: false };
  const clients = Array.from({ length: CLIENTS }, () => keepAsking(front, load));
  for (const [index, port] of ports.entries()) {
    await delay(5_000);
    const begun = performance.now();
    replicas[index].kill('SIGTERM');
    const [code] = await once(replicas[index], 'exit');
    console.log(
      `replica ${index + 1} ended with ${code} after ${((performance.now() - begun) / 1000).toFixed(1)} s`,
    );
    replicas[index] = start(port);
    await isReady(port);
    // One check is enough for HAProxy to believe in it again.
    await delay(5_000);
  }
  load.isOver = true;
  await Promise.all(clients);
  const failed = Object.values(load.failures).reduce((sum, count) => sum + count, 0);
  console.log(`${failed} of ${load.sent} requests failed${isControl ? ' (control)' : ''}`, load.failures);
  process.exitCode = failed > 0 === isControl ? 0 : 1;
} finally {
  for (const child of children) child.kill('SIGKILL');
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

function balancer(front, ports) {
  const servers = ports.map(
    (port, index) => `  server replica${index} 127.0.0.1:${port} check inter 2s fall 3 rise 1`,
  );
  return `defaults
  mode http
  retries 0
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend all
  bind 127.0.0.1:${front}
  default_backend replicas
backend replicas
  balance roundrobin
  option httpchk GET /health/ready
${servers.join('\n')}
`;
}

/** One request after the other over a connection that the balancer keeps. */
async function keepAsking(port, load) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (!load.isOver) {
    load.sent += 1;
    const status = await statusOf(port, '/api/v1/projects', agent);
    if (status !== 200) load.failures[status] = (load.failures[status] ?? 0) + 1;
    await delay(PAUSE_MS);
  }
  agent.destroy();
}

/** The status, or the code of the fault when there was no answer. */
function statusOf(port, path, agent) {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${token}` };
    const request = httpRequest({ host: '127.0.0.1', port, path, headers, agent }, (response) => {
      response.resume();
      response.on('error', ({ code }) => resolve(code));
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', ({ code }) => resolve(code));
    request.end();
  });
}

async function isReady(port) {
  const deadline = performance.now() + LIMIT_MS;
  while ((await statusOf(port, '/health/ready')) !== 200) {
    if (performance.now() > deadline) throw new Error(`port ${port} is not ready`);
    await delay(50);
  }
}

function run(command, args, settings) {
  const { PATH, HOME } = process.env;
  const child = spawn(command, args, {
    env: { PATH, HOME, ...settings },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.push(child);
  return child;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
