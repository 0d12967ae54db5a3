#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readKeysEnv } from '../app/settings/command-settings.js';
import {
  activateKey,
  addKey,
  createKeyRingFile,
  describeKeyRing,
  readKeyRingFile,
  retireKey,
} from '../payments/crypto/key-ring-file.js';
import { KeyRingError } from '../payments/crypto/key-ring.js';
import type { KeyServiceKey } from '../payments/crypto/key-services/wrapped-key.js';
import { Sealer } from '../payments/crypto/sealer.js';
import {
  countByKey,
  findKeys,
  findReplicas,
  findUnreadable,
  forgetKey,
} from '../payments/key-custody/key-usage.js';
import { rewrap } from '../payments/key-custody/rewrap.js';
import { CommandFault, endWith } from './fault.js';
import { progressReporter } from './progress.js';
import { withDataSource } from './with-data-source.js';

interface WrapOptions {
  awsKms?: string;
  gcpKms?: string;
  vault?: string;
  vaultMount: string;
  vaultKey?: string;
}

const program = new Command('keys')
  .description('The keys that seal credentials: a ring in the file KEY_RING_FILE.')
  .addHelpText(
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
  .action(generate);

program
  .command('activate')
  .description('Lets a key seal; the one that did so far only opens from then on.')
  .argument('<id>')
  .action(async (id: string) => {
    const file = keyRingFile();
    await activateKey(file, id);
    say(`The key ${id} is active.`, 'Next: bring the file to every replica, then run "keys rewrap".');
  });

program
  .command('retire')
  .description('Takes a key out of use for good; refused while a stored value is sealed under it.')
  .argument('<id>')
  .action(retire);

program
  .command('status')
  .description('Rows under each key, states, ages, and which replicas hold another ring.')
  .action(status);

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
  .action(rewrapAll);

program.command('verify').description('Opens every stored value, and writes nothing.').action(verify);

async function generate(file: string | undefined, options: WrapOptions): Promise<void> {
  const path = keyRingFile(file);
  const { keyServices } = readKeysEnv();
  const key = { wrap: wrapOf(options), keyServices };
  if (existsSync(path)) {
    const id = await addKey(path, key);
    say(
      `Added the key ${id}, which only opens, to ${path}`,
      `Next: bring the file to every replica, then run "keys activate ${id}".`,
    );
  } else {
    const id = await createKeyRingFile(path, key).catch(notWritten);
    say(
      `Made the key ${id} in ${path}`,
      'Next: back the file up where only you can read it, since nothing opens what it sealed without it. Then set',
      `KEY_RING_FILE=${path}`,
    );
  }
}

function notWritten(error: unknown): never {
  if (error instanceof KeyRingError) throw error;
  const { code } = error as NodeJS.ErrnoException;
  throw new CommandFault(
    `The key ring cannot be written (${code ?? 'unknown'}); check that its folder exists and that you may write to it.`,
  );
}

function wrapOf({ awsKms, gcpKms, vault, vaultMount, vaultKey }: WrapOptions): KeyServiceKey | undefined {
  if (awsKms !== undefined) return { service: 'aws-kms', key: awsKms };
  if (gcpKms !== undefined) return { service: 'gcp-kms', key: gcpKms };
  if (vault === undefined) return undefined;
  if (vaultKey === undefined) throw new CommandFault('Name the key in transit with --vault-key.');
  return { service: 'vault-transit', address: vault, mount: vaultMount, key: vaultKey };
}

async function retire(id: string): Promise<void> {
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
}

async function status(): Promise<void> {
  const ring = await describeKeyRing(keyRingFile());
  await withDataSource(async (dataSource) => {
    const [counts, keys, replicas] = await Promise.all([
      countByKey(dataSource),
      findKeys(dataSource),
      findReplicas(dataSource),
    ]);
    const described = ring.keys.map(({ id, state, createdAt, service }) => ({
      key: id,
      state,
      rows: counts.get(id)?.rows ?? 0,
      values: counts.get(id)?.values ?? 0,
      days: Math.floor((Date.now() - Date.parse(createdAt)) / 86_400_000),
      kept: service,
    }));
    const foreign = keys
      .filter(({ key_id }) => !ring.keys.some(({ id }) => id === key_id))
      .map(({ key_id }) => ({
        key: key_id,
        state: 'not in this ring',
        rows: counts.get(key_id)?.rows ?? 0,
        values: counts.get(key_id)?.values ?? 0,
        days: undefined,
        kept: undefined,
      }));
    console.table([...described, ...foreign]);
    const differing = replicas.filter(({ ring_fingerprint }) => ring_fingerprint !== ring.fingerprint);
    say(
      `${replicas.length} replica(s) reported in the last three minutes, ${differing.length} with another ring than this file.`,
      ...differing.map(
        (replica) =>
          `  ${replica.replica_id} on ${replica.host_name ?? 'an unknown host'}, whose active key is ${replica.active_key_id}`,
      ),
    );
  });
}

async function rewrapAll({
  dryRun = false,
  ...options
}: {
  dryRun?: boolean;
  batchSize: number;
  rate: number;
}): Promise<void> {
  const sealer = await sealerOfRing();
  const reporter = progressReporter();
  const result = await withDataSource((dataSource) =>
    rewrap(dataSource, sealer, { ...options, dryRun, onProgress: reporter.report }),
  );
  reporter.end({ done: true, ...result });
  if (result.unreadable > 0) {
    throw new CommandFault(
      `${result.unreadable} row(s) hold a value that no key of the ring opens:\n${result.unreadableIds.join('\n')}\n` +
        'Restore the key they were sealed under, or let their owners store the credentials again.',
    );
  }
}

async function verify(): Promise<void> {
  const sealer = await sealerOfRing();
  let unreadable = 0;
  await withDataSource(async (dataSource) => {
    for await (const value of findUnreadable(dataSource, sealer)) {
      unreadable += 1;
      process.stdout.write(`${JSON.stringify(value)}\n`);
    }
  });
  if (unreadable > 0) throw new CommandFault(`${unreadable} stored value(s) cannot be opened.`);
  say('Every stored value can be opened.');
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

function say(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

await program.parseAsync().catch(endWith);
