import { readChainEnds, type FoundChainEnd } from '../../../payments/audit/audit-chains.js';
import type { Database } from '../../../payments/database/database.js';
import { countConfigs } from '../../../payments/stripe-config/project-ranges.js';
import type { CommandHost } from '../../command-host.js';
import { CommandFault } from '../../fault.js';
import { progressStream, say, type Result } from '../../program.js';
import { progressReporter } from '../../progress.js';
import { writeCheckpoint, type NotedEnd } from './checkpoint-file.js';
import { readSigningKey } from './checkpoint-keys.js';

/** Writes the end of every chain into a signed file. */
export async function exportChains(
  host: CommandHost,
  file: string,
  { key: keyFile }: { key: string },
): Promise<Result> {
  const signer = await readSigningKey(keyFile);
  const { ownTrail } = host;
  const claims = await host.withDatabase((database) =>
    writeCheckpoint(file, signer, allChains(host, database), ownTrail === undefined ? [] : [ownTrail.name]),
  );
  const own = Object.entries(claims.trails ?? {}).map(
    ([name, chains]) => `, ${chains} of the trail of ${name}`,
  );
  say(
    `${file} notes ${claims.chains} chain(s)${own.join('')}, ${claims.removed} of removed projects, signed by the key ${signer.id}.`,
    'Next: keep it where whoever administers the database cannot write. A second party verifies it with the public key:',
    host.callOf(`audit verify --checkpoint ${file} --public-key FILE`),
  );
  return { file, key: signer.id, ...claims };
}

/** The chains of all trails, with a report of how many of them are exported. */
async function* allChains(host: CommandHost, database: Database): AsyncGenerator<NotedEnd[]> {
  const { ownTrail } = host;
  const total = (await countConfigs(database)) + ((await ownTrail?.countChains(database)) ?? 0);
  const reporter = progressReporter(progressStream(), 'chains');
  let exported = 0;
  for await (const chains of noteChains(host, database)) {
    yield chains;
    exported += chains.length;
    reporter.report({ done: exported, total }, { exported, total });
  }
  reporter.end();
}

async function* noteChains(host: CommandHost, database: Database): AsyncGenerator<NotedEnd[]> {
  yield* wholeChains(host, readChainEnds(database), undefined);
  const { ownTrail } = host;
  if (ownTrail !== undefined) yield* wholeChains(host, ownTrail.readChainEnds(database), ownTrail.name);
}

/** @throws CommandFault where the last row of a chain is missing */
async function* wholeChains(
  host: CommandHost,
  batches: AsyncIterable<readonly FoundChainEnd[]>,
  trail: string | undefined,
): AsyncGenerator<NotedEnd[]> {
  const name = trail === undefined ? 'audit trail' : `trail of ${trail}`;
  for await (const chains of batches) {
    yield chains.map(({ hash, ...end }) => {
      if (hash !== undefined) return { ...end, hash, trail };
      throw new CommandFault(
        `The ${name} lacks the row of version ${end.version} of project ${end.projectId}; see "${host.callOf('audit verify')}". No checkpoint was written.`,
      );
    });
  }
}
