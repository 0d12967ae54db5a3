#!/usr/bin/env node
import { Command } from 'commander';
import { findAuditFaults } from '../payments/audit/verify-audit.js';
import { CommandFault, endWith } from './fault.js';
import { withDataSource } from './with-data-source.js';

async function verify(): Promise<void> {
  const faults = await withDataSource(findAuditFaults);
  for (const fault of faults) process.stdout.write(`${JSON.stringify(fault)}\n`);
  if (faults.length > 0)
    throw new CommandFault(`The audit trail is not as it was written: ${faults.length} fault(s).`);
  process.stdout.write('Every row of the audit trail is as it was written.\n');
}

const program = new Command('audit').description('The audit trail of the database at DATABASE_URL.');
program.command('verify').description('Finds rows that were edited, removed or moved.').action(verify);
await program.parseAsync().catch(endWith);
