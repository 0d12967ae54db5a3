// Which files of ours run code for one PUT and for one GET of a configuration, counted by precise coverage of a warm service:
// `npm run build && node test/rigs/request-files.js`
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { Session } from 'node:inspector/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { once } from 'node:events';
import jsonwebtoken from 'jsonwebtoken';
import { untilReady } from '../../bench/until-ready.js';
import { startEmbeddedPostgres } from '../../dist/embedded-postgres/embedded-postgres.js';
import { createKeyRingFile } from '../../dist/payments/crypto/key-ring-file.js';

const DIST = new URL('../../dist/', import.meta.url).href;
const folder = await mkdtemp(join(tmpdir(), 'stripe-config-files-'));
const postgres = await startEmbeddedPostgres(folder);
const keyRingFile = join(folder, 'ring.json');
await createKeyRingFile(keyRingFile);
const secret = randomBytes(48).toString('base64url');
const port = await freePort();
Object.assign(process.env, {
  PORT: String(port),
  NODE_ENV: 'development',
  DATABASE_URL: postgres.url,
  KEY_RING_FILE: keyRingFile,
  AUTH_JWT_SECRET: secret,
  LOG_LEVEL: 'error',
});
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

await import('../../dist/main.js');
const url = `http://127.0.0.1:${port}`;
await untilListening(url);
await untilReady(url);
const headers = {
  authorization: `Bearer ${jsonwebtoken.sign({}, secret, { subject: 'rig', expiresIn: '1h' })}`,
  'content-type': 'application/json',
};
const { id } = await send('POST', '/api/v1/projects', { name: 'rig' });
const path = `/api/v1/payments/stripe/projects/${id}/config`;
const body = { test_secret_key: ['sk', 'test', 'a'.repeat(40)].join('_') };
for (const method of ['PUT', 'GET']) {
  for (let warming = 0; warming < 5; warming++) await send(method, path, method === 'PUT' ? body : undefined);
  await session.post('Profiler.takePreciseCoverage');
  await send(method, path, method === 'PUT' ? body : undefined);
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const files = result
    .filter(({ url: file, functions }) => file.startsWith(DIST) && functions.some(isCalled))
    .map(({ url: file }) => file.slice(DIST.length).replace(/\.js$/, ''))
    .sort();
  console.log(`${method}: ${files.length} files\n  ${files.join('\n  ')}`);
}
process.once('exit', () => postgres.stop());
process.kill(process.pid, 'SIGTERM');
await rm(folder, { recursive: true, force: true });

function isCalled({ ranges }) {
  return ranges[0].count > 0;
}

async function send(method, to, json) {
  const response = await fetch(url + to, { method, headers, body: json && JSON.stringify(json) });
  if (!response.ok) throw new Error(`${method} ${to}: ${response.status}`);
  return response.json();
}

async function untilListening(address) {
  while (!(await fetch(address).catch(() => undefined))) await delay(100);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
