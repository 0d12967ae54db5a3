import { readChainEnds, type ChainEnd } from '../../../payments/audit/audit-chains.js';
import type { Database } from '../../../payments/database/database.js';
import { countConfigs } from '../../../payments/stripe-config/project-ranges.js';
import type { CommandHost } from '../../command-host.js';
import { CommandFault } from '../../fault.js';
import { progressStream, say, type Result } from '../../program.js';
import { progressReporter } from '../../progress.js';
import { writeCheckpoint } from './checkpoint-file.js';
import { readSigningKey } from './checkpoint-keys.js';

/** Writes the end of every chain into a signed file. */
export async function exportChains(
  host: CommandHost,
  file: string,
  { key: keyFile }: { key: string },
): Promise<Result> {
  const signer = await readSigningKey(keyFile);
  const claims = await host.withDatabase((database) =>
    writeCheckpoint(file, signer, wholeChains(host, database)),
  );
  say(
    `${file} notes ${claims.chains} chain(s), ${claims.removed} of them of removed projects, signed by the key ${signer.id}.`,
    'Next: keep it where whoever administers the database cannot write. A second party verifies it with the public key:',
    host.callOf(`audit verify --checkpoint ${file} --public-key FILE`),
  );
  return { file, key: signer.id, ...claims };
}

async function* wholeChains(host: CommandHost, database: Database): AsyncGenerator<ChainEnd[]> {
  const total = await countConfigs(database);
  const reporter = progressReporter(progressStream(), 'chains');
  let exported = 0;
  for await (const chains of readChainEnds(database)) {
    yield chains.map(({ hash, ...end }) => {
      if (hash !== undefined) return { ...end, hash };
      throw new CommandFault(
        `The audit trail lacks the row of version ${end.version} of project ${end.projectId}; see "${host.callOf('audit verify')}". No checkpoint was written.`,
      );
    });
    exported += chains.length;
    reporter.report({ done: exported, total }, { exported, total });
  }
  reporter.end();
}
