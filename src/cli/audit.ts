#!/usr/bin/env node
import { Command } from 'commander';
import { auditFaults } from '../payments/audit/verify-audit.js';
import { CommandFault, endWith } from './fault.js';
import { withDataSource } from './with-data-source.js';

async function verify(): Promise<void> {
  let count = 0;
  await withDataSource(async (dataSource) => {
    for await (const fault of auditFaults(dataSource)) {
      count += 1;
      process.stdout.write(`${JSON.stringify(fault)}\n`);
    }
  });
  if (count > 0) throw new CommandFault(`The audit trail is not as it was written: ${count} fault(s).`);
  process.stdout.write(
    'Every row of the audit trail is as it was written, and every configuration as its trail says.\n',
  );
}

const program = new Command('audit').description('The audit trail of the database at DATABASE_URL.');
program
  .command('verify')
  .description('Finds rows that were edited, removed or moved, of the trail and of the configurations.')
  .action(verify);
await program.parseAsync().catch(endWith);
