import { auditCommand } from './commands/audit.js';
import { keysCommand } from './commands/keys.js';
import { run } from './program.js';
import { SERVICE } from './with-database.js';

const COMMANDS = { audit: auditCommand, keys: keysCommand };

/** Runs one of the commands that the service and the package have in common, as a program of the service. */
export async function runServiceCommand(name: keyof typeof COMMANDS): Promise<void> {
  await run(COMMANDS[name](SERVICE));
}
