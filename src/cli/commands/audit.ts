import type { Command } from 'commander';
import { findAuditFaults } from '../../payments/audit/verify-audit.js';
import type { CommandHost } from '../command-host.js';
import { CommandFault } from '../fault.js';
import { action, createProgram, say, type Result } from '../program.js';

async function verify(host: CommandHost): Promise<Result> {
  const faults = await host.withDatabase(findAuditFaults);
  for (const fault of faults) say(JSON.stringify(fault));
  if (faults.length > 0) {
    throw new CommandFault(`The audit trail is not as it was written: ${faults.length} fault(s).`, {
      faults,
    });
  }
  say('Every row of the audit trail is as it was written.');
  return { faults };
}

/** `audit`: what can be asked about the audit trail. */
export function auditCommand(host: CommandHost): Command {
  const program = createProgram('audit', 'The audit trail of the database.');
  program
    .command('verify')
    .description('Finds rows that were edited, removed or moved.')
    .action(action(() => verify(host)));
  return program;
}
