// `npm run dev`: compiles whenever a source changes, restarts the service, and shows its log in readable lines.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pretty from 'pino-pretty';
import { findCompiler } from './build.js';

const cwd = fileURLToPath(new URL('..', import.meta.url));
const compiler = spawn(
  process.execPath,
  [findCompiler(), '-p', 'tsconfig.build.json', '--watch', '--preserveWatchOutput'],
  { cwd, stdio: ['ignore', 'pipe', 'inherit'] },
);
let service;
let isEnding = false;

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, end);
compiler.once('exit', end);

for await (const line of createInterface({ input: compiler.stdout })) {
  process.stdout.write(`${line}\n`);
  if (/Found 0 errors/.test(line)) await restart();
}

/** One after the other, since both want the same port and the same PostgreSQL. */
async function restart() {
  await stopService();
  if (isEnding) return;
  service = spawn(process.execPath, ['--enable-source-maps', 'dist/main.js'], {
    cwd,
    // Beyond the reach of the terminal's Ctrl-C, which is passed on once.
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  service.stdout.pipe(pretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l', sync: true }));
}

async function stopService() {
  if (service === undefined || service.exitCode !== null || service.signalCode !== null) return;
  const ended = new Promise((resolve) => service.once('exit', resolve));
  service.kill('SIGTERM');
  await ended;
}

async function end() {
  if (isEnding) return;
  isEnding = true;
  compiler.kill();
  await stopService();
  process.exit(0);
}
