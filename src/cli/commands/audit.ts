import type { Command } from 'commander';
import type { CommandHost } from '../command-host.js';
import { action, createProgram } from '../program.js';
import { exportChains } from './audit/export.js';
import { verify, type VerifyOptions } from './audit/verify.js';

/** `audit`: what can be asked about the audit trail. */
export function auditCommand(host: CommandHost): Command {
  const program = createProgram('audit', 'The audit trail of the database.');
  program
    .command('verify')
    .description(
      'Finds rows that were edited, removed or moved; with a checkpoint, also what was written anew since it was exported. Reads every row.',
    )
    .option('--checkpoint <file>', 'what "audit export" wrote earlier')
    .option('--public-key <file>', 'of the key that signed it, in PEM')
    .action(action((options: VerifyOptions) => verify(host, options)));
  program
    .command('export')
    .argument('<file>', 'a new file')
    .description(
      'Writes the last version and hash of every project, signed, so that a second party notices a trail that was written anew. Reads every configuration.',
    )
    .requiredOption('--key <file>', 'the private key that signs, Ed25519 or P-256, in PEM')
    .action(action((file: string, options: { key: string }) => exportChains(host, file, options)));
  return program;
}
