import { findChainFaults, type ChainFault } from '../../../payments/audit/audit-chains.js';
import { findAuditFaults, type AuditFault } from '../../../payments/audit/verify-audit.js';
import type { Database } from '../../../payments/database/database.js';
import type { CommandHost, OwnTrailFault } from '../../command-host.js';
import { CommandFault } from '../../fault.js';
import { progressStream, say, type Result } from '../../program.js';
import { progressReporter, readingReporter } from '../../progress.js';
import { readCheckpoint, verifyCheckpoint, type CheckpointClaims } from './checkpoint-file.js';
import { readVerifyingKey } from './checkpoint-keys.js';

/** What the trail is compared with beside itself. */
export interface VerifyOptions {
  checkpoint?: string;
  publicKey?: string;
}

type Fault = AuditFault | ChainFault | OwnTrailFault;

interface Checkpoint {
  file: string;
  claims: CheckpointClaims;
}

/** Verifies the trail by itself, and against an exported checkpoint. */
export async function verify(host: CommandHost, options: VerifyOptions): Promise<Result> {
  const checkpoint = await checkpointOf(options);
  const faults = await host.withDatabase(async (database): Promise<Fault[]> => {
    const found = [...(await faultsOf(database)), ...((await host.findOwnTrailFaults?.(database)) ?? [])];
    if (checkpoint === undefined) return found;
    return [...found, ...(await faultsSince(database, checkpoint))];
  });
  for (const fault of faults) say(JSON.stringify(fault));
  if (faults.length > 0) {
    throw new CommandFault(`The audit trail is not as it was written: ${faults.length} fault(s).`, {
      faults,
    });
  }
  say('Every row of the audit trail is as it was written.');
  if (checkpoint === undefined) return { faults };
  const { taken_at, chains, removed } = checkpoint.claims;
  say(
    `It continues each of the ${chains} chain(s) of the checkpoint of ${taken_at}, ${removed} of them of removed projects.`,
  );
  return { faults, checkpoint: checkpoint.claims };
}

async function checkpointOf({ checkpoint: file, publicKey }: VerifyOptions): Promise<Checkpoint | undefined> {
  if (file === undefined && publicKey === undefined) return undefined;
  if (file === undefined || publicKey === undefined) {
    throw new CommandFault('--checkpoint and --public-key belong together; name both files.');
  }
  return { file, claims: await verifyCheckpoint(file, await readVerifyingKey(publicKey)) };
}

async function faultsOf(database: Database): Promise<AuditFault[]> {
  const reporter = readingReporter('projects', 'verified');
  const faults = await findAuditFaults(database, reporter.report);
  reporter.end();
  return faults;
}

async function faultsSince(database: Database, { file, claims }: Checkpoint): Promise<ChainFault[]> {
  const reporter = progressReporter(progressStream(), 'chains');
  const faults: ChainFault[] = [];
  let compared = 0;
  for await (const chains of readCheckpoint(file, claims)) {
    faults.push(...(await findChainFaults(database, chains)));
    compared += chains.length;
    reporter.report({ done: compared, total: claims.chains }, { compared, total: claims.chains });
  }
  reporter.end();
  return faults;
}
