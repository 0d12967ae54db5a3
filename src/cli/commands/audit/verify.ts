import { findChainFaults, type ChainFault } from '../../../payments/audit/audit-chains.js';
import { findAuditFaults, type AuditFault } from '../../../payments/audit/verify-audit.js';
import type { Database } from '../../../payments/database/database.js';
import type { CommandHost, OwnTrail, OwnTrailFault } from '../../command-host.js';
import { CommandFault } from '../../fault.js';
import { progressStream, say, type Result } from '../../program.js';
import { progressReporter, readingReporter } from '../../progress.js';
import { readCheckpoint, verifyCheckpoint, type CheckpointClaims, type NotedEnd } from './checkpoint-file.js';
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
  const { ownTrail } = host;
  const checkpoint = await checkpointOf(options);
  if (checkpoint !== undefined) requireKnown(checkpoint, ownTrail);
  const faults = await host.withDatabase(async (database): Promise<Fault[]> => {
    const found = [...(await faultsOf(database)), ...((await ownTrail?.findFaults(database)) ?? [])];
    if (checkpoint === undefined) return found;
    return [...found, ...(await faultsSince(database, checkpoint, ownTrail))];
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
  if (ownTrail !== undefined) say(ownTrailOf(checkpoint.claims, ownTrail));
  return { faults, checkpoint: checkpoint.claims };
}

function ownTrailOf({ trails }: CheckpointClaims, { name }: OwnTrail): string {
  const chains = trails?.[name];
  return chains === undefined
    ? `The checkpoint does not note the trail of ${name}; export a new one.`
    : `And each of ${chains} chain(s) of the trail of ${name}.`;
}

/** @throws CommandFault for a trail that another program has written */
function requireKnown({ file, claims }: Checkpoint, ownTrail: OwnTrail | undefined): void {
  const unknown = Object.keys(claims.trails ?? {}).find((name) => name !== ownTrail?.name);
  if (unknown === undefined) return;
  throw new CommandFault(
    `${file} also notes the trail of ${unknown}, which this program does not have; verify it with the program that exported it.`,
  );
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

async function faultsSince(
  database: Database,
  { file, claims }: Checkpoint,
  ownTrail: OwnTrail | undefined,
): Promise<Fault[]> {
  const reporter = progressReporter(progressStream(), 'chains');
  const total = Object.values(claims.trails ?? {}).reduce((sum, chains) => sum + chains, claims.chains);
  const faults: Fault[] = [];
  let compared = 0;
  for await (const chains of readCheckpoint(file, claims)) {
    const own = chains.filter(({ trail }) => trail !== undefined);
    const ofConfigs = chains.filter(({ trail }) => trail === undefined);
    if (ofConfigs.length > 0) faults.push(...(await findChainFaults(database, ofConfigs)));
    if (own.length > 0) faults.push(...(await ownFaultsOf(database, own, ownTrail)));
    compared += chains.length;
    reporter.report({ done: compared, total }, { compared, total });
  }
  reporter.end();
  return faults;
}

async function ownFaultsOf(
  database: Database,
  noted: readonly NotedEnd[],
  ownTrail: OwnTrail | undefined,
): Promise<OwnTrailFault[]> {
  const faults = (await ownTrail?.findChainFaults(database, noted)) ?? [];
  return faults.map((fault) => ({ ...fault, trail: ownTrail?.name ?? '' }));
}
