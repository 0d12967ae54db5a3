import { readEnv } from './app/env.js';
import { startService } from './app/service.js';

/** The whole shutdown must end within ten seconds, whatever hangs. */
const SHUTDOWN_LIMIT_MS = 9_500;

async function main(): Promise<void> {
  const starting = startService(readEnv());
  let stopping = false;
  const stop = (): void => {
    // A terminal's Ctrl-C may arrive twice: from the terminal and from npm.
    if (stopping) return;
    stopping = true;
    // It keeps the process alive, too: what is waited for at the end need not, and PostgreSQL would be left behind.
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS);
    void starting.then((service) => service.stop()).then(() => process.exit(0), fail);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  await starting;
}

function fail(error: unknown): never {
  const message = error instanceof Error ? error.message : 'unknown fault';
  const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  process.stderr.write(
    `${message}\n${inUse ? 'Set PORT to a free port, or stop what listens there.\n' : ''}`,
  );
  process.exit(1);
}

main().catch(fail);
