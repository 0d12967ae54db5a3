import { findAuditFaults } from '../../payments/audit/verify-audit.js';
import { CommandFault } from '../fault.js';
import { action, createProgram, run, say, type Result } from '../program.js';
import { withDataSource } from '../with-database.js';

async function verify(): Promise<Result> {
  const faults = await withDataSource(findAuditFaults);
  for (const fault of faults) say(JSON.stringify(fault));
  if (faults.length > 0) {
    throw new CommandFault(`The audit trail is not as it was written: ${faults.length} fault(s).`, {
      faults,
    });
  }
  say('Every row of the audit trail is as it was written.');
  return { faults };
}

const program = createProgram(
  'audit',
  'The audit trail of the database at DATABASE_URL, or else of the embedded one under DATA_DIR.',
);
program
  .command('verify')
  .description('Finds rows that were edited, removed or moved.')
  .action(action(verify));
void run(program);
