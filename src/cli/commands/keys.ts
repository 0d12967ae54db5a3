import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { readKeysEnv } from '../../app/settings/command-settings.js';
import {
  activateKey,
  addKey,
  createKeyRingFile,
  describeKeyRing,
  readKeyRingFile,
  retireKey,
} from '../../payments/crypto/key-ring-file.js';
import { KeyRingError } from '../../payments/crypto/key-ring.js';
import type { KeyServiceKey } from '../../payments/crypto/key-services/wrapped-key.js';
import { Sealer } from '../../payments/crypto/sealer.js';
import {
  countByKey,
  findKeys,
  findReplicas,
  findUnreadable,
  forgetKey,
  type UnreadableValue,
} from '../../payments/key-rotation/key-usage.js';
import { rewrap } from '../../payments/key-rotation/rewrap.js';
import { CommandFault, unwritable } from '../fault.js';
import { action, createProgram, progressStream, run, say, sayTable, type Result } from '../program.js';
import { progressReporter } from '../progress.js';
import { withDataSource } from '../with-database.js';

interface WrapOptions {
  awsKms?: string;
  gcpKms?: string;
  vault?: string;
  vaultMount: string;
  vaultKey?: string;
}

const program = createProgram(
  'keys',
  'The keys that seal credentials: a ring in the file KEY_RING_FILE. The database is the one at DATABASE_URL. Outside production, without these settings: what the service has made under DATA_DIR.',
).addHelpText(
  'after',
  `
To rotate, without stopping anything:
  1. keys generate              adds a key that only opens; bring the file to every replica, which takes it up by itself
  2. keys status                every replica has the same ring?
  3. keys activate <id>         new values are sealed under it; bring the file to every replica
  4. keys rewrap                seals the stored values anew; may be interrupted and started again
  5. keys retire <old id>       when "keys status" counts nothing under it; keep a backup as long as you keep the database's`,
);

program
  .command('generate')
  .description(
    'Makes a key ring with one active key or, where there is a ring, adds one more key that only opens.',
  )
  .argument('[file]', 'the key ring file (default: KEY_RING_FILE)')
  .option('--aws-kms <key>', 'let AWS KMS wrap the key: an ARN, an id or an alias')
  .option('--gcp-kms <name>', 'let Google Cloud KMS wrap the key: projects/…/cryptoKeys/…')
  .addOption(new Option('--vault <address>', 'let Vault or OpenBao transit wrap the key; with --vault-key'))
  .option('--vault-mount <mount>', 'where transit is mounted', 'transit')
  .option('--vault-key <name>', 'the name of the key in transit')
  .action(action(generate));

program
  .command('activate')
  .description('Lets a key seal; the one that did so far only opens from then on.')
  .argument('<id>')
  .action(action(activate));

program
  .command('retire')
  .description('Takes a key out of use for good; refused while a stored value is sealed under it.')
  .argument('<id>')
  .action(action(retire));

program
  .command('status')
  .description('Rows under each key, states, ages, and which replicas hold another ring.')
  .action(action(status));

program
  .command('rewrap')
  .description('Seals every stored value under the active key, while reads and writes go on.')
  .option('--dry-run', 'open and count, and write nothing')
  .option('--batch-size <rows>', 'rows in one transaction', positive, 500)
  .addOption(
    new Option('--rate <rows>', 'at most so many rows a second')
      .argParser(positive)
      .default(Infinity, 'no limit'),
  )
  .action(action(rewrapAll));

program.command('verify').description('Opens every stored value, and writes nothing.').action(action(verify));

async function generate(file: string | undefined, options: WrapOptions): Promise<Result> {
  const path = keyRingFile(file);
  const { keyServices } = readKeysEnv();
  const key = { wrap: wrapOf(options), keyServices };
  if (existsSync(path)) {
    const id = await addKey(path, key);
    say(
      `Added the key ${id}, which only opens, to ${path}`,
      `Next: bring the file to every replica, then run "keys activate ${id}".`,
    );
    return { key: id, state: 'decrypt-only', file: path };
  }
  const id = await createKeyRingFile(path, key).catch(notWritten);
  say(
    `Made the key ${id} in ${path}`,
    'Next: back the file up where only you can read it, since nothing opens what it sealed without it. Then set',
    `KEY_RING_FILE=${path}`,
  );
  return { key: id, state: 'active', file: path };
}

async function activate(id: string): Promise<Result> {
  await activateKey(keyRingFile(), id);
  say(`The key ${id} is active.`, 'Next: bring the file to every replica, then run "keys rewrap".');
  return { key: id, state: 'active' };
}

function notWritten(error: unknown): never {
  throw error instanceof KeyRingError ? error : unwritable('The key ring', error);
}

function wrapOf({ awsKms, gcpKms, vault, vaultMount, vaultKey }: WrapOptions): KeyServiceKey | undefined {
  if (awsKms !== undefined) return { service: 'aws-kms', key: awsKms };
  if (gcpKms !== undefined) return { service: 'gcp-kms', key: gcpKms };
  if (vault === undefined) return undefined;
  if (vaultKey === undefined) throw new CommandFault('Name the key in transit with --vault-key.');
  return { service: 'vault-transit', address: vault, mount: vaultMount, key: vaultKey };
}

async function retire(id: string): Promise<Result> {
  const file = keyRingFile();
  await withDataSource(async (dataSource) => {
    const used = (await countByKey(dataSource)).get(id);
    if (used !== undefined) {
      throw new CommandFault(`${used.rows} rows hold values sealed under ${id}; run "keys rewrap" first.`);
    }
    const replicas = (await findReplicas(dataSource)).filter(({ active_key_id }) => active_key_id === id);
    if (replicas.length > 0) {
      throw new CommandFault(
        `${replicas.length} replica(s) still seal under ${id}, or did within three minutes; bring them the file, see "keys status".`,
      );
    }
    // Forgotten first, because replicas take the file up at once, and refuse one that lacks a key they know.
    await forgetKey(dataSource, id);
    await retireKey(file, id);
  });
  say(
    `The key ${id} is retired; its bytes are no longer in the file.`,
    'Next: bring the file to every replica.',
  );
  return { key: id, state: 'retired' };
}

async function status(): Promise<Result> {
  const ring = await describeKeyRing(keyRingFile());
  return withDataSource(async (dataSource) => {
    const [counts, known, replicas] = await Promise.all([
      countByKey(dataSource),
      findKeys(dataSource),
      findReplicas(dataSource),
    ]);
    const lineOf = (key: string, state: string, days?: number, kept?: string) => ({
      key,
      state,
      rows: counts.get(key)?.rows ?? 0,
      values: counts.get(key)?.values ?? 0,
      days,
      kept,
    });
    const keys = [
      ...ring.keys.map(({ id, state, createdAt, service }) =>
        lineOf(id, state, Math.floor((Date.now() - Date.parse(createdAt)) / 86_400_000), service),
      ),
      ...known
        .filter(({ key_id }) => !ring.keys.some(({ id }) => id === key_id))
        .map(({ key_id }) => lineOf(key_id, 'not in this ring')),
    ];
    const differing = replicas.filter(({ ring_fingerprint }) => ring_fingerprint !== ring.fingerprint);
    sayTable(keys);
    say(
      `${replicas.length} replica(s) reported in the last three minutes, ${differing.length} with another ring than this file.`,
      ...differing.map(
        (replica) =>
          `  ${replica.replica_id} on ${replica.host_name ?? 'an unknown host'}, whose active key is ${replica.active_key_id}`,
      ),
    );
    return {
      keys,
      replicas: replicas.map((replica) => ({
        id: replica.replica_id,
        host: replica.host_name,
        activeKey: replica.active_key_id,
        sameRing: !differing.includes(replica),
      })),
    };
  });
}

async function rewrapAll({
  dryRun = false,
  ...options
}: {
  dryRun?: boolean;
  batchSize: number;
  rate: number;
}): Promise<Result> {
  const sealer = await sealerOfRing();
  const reporter = progressReporter(progressStream());
  const result = await withDataSource((dataSource) =>
    rewrap(dataSource, sealer, { ...options, dryRun, onProgress: reporter.report }),
  );
  reporter.end({ done: true, ...result });
  if (result.unreadable > 0) {
    throw new CommandFault(
      `${result.unreadable} row(s) hold a value that no key of the ring opens:\n${result.unreadableIds.join('\n')}\n` +
        'Restore the key they were sealed under, or let their owners store the credentials again.',
      result,
    );
  }
  return result;
}

async function verify(): Promise<Result> {
  const sealer = await sealerOfRing();
  const unreadable: UnreadableValue[] = [];
  await withDataSource(async (dataSource) => {
    for await (const value of findUnreadable(dataSource, sealer)) {
      unreadable.push(value);
      say(JSON.stringify(value));
    }
  });
  if (unreadable.length > 0) {
    throw new CommandFault(`${unreadable.length} stored value(s) cannot be opened.`, { unreadable });
  }
  say('Every stored value can be opened.');
  return { unreadable };
}

async function sealerOfRing(): Promise<Sealer> {
  const { production, keyServices } = readKeysEnv();
  return new Sealer(await readKeyRingFile(keyRingFile(), { allowDevelopment: !production, keyServices }));
}

function keyRingFile(named?: string): string {
  const file = named ?? readKeysEnv().keyRingFile;
  if (file === undefined) throw new CommandFault('Name the key ring file, or set KEY_RING_FILE.');
  return resolve(file);
}

function positive(text: string): number {
  const number = Number(text);
  if (!/^\d{1,9}$/.test(text) || number === 0) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
}

await run(program);
