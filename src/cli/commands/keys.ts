import { InvalidArgumentError, Option, type Command } from 'commander';
import type { CommandHost } from '../command-host.js';
import { action, createProgram } from '../program.js';
import { activate, generate, retire, type WrapOptions } from './keys/change-ring.js';
import { status } from './keys/status.js';
import { rewrapAll, verify, type RewrapOptions } from './keys/stored-values.js';

/** `keys`: what can be done with the key ring and what it has sealed. */
export function keysCommand(host: CommandHost): Command {
  const program = createProgram(
    'keys',
    'The keys that seal credentials: a ring in the file KEY_RING_FILE, or the text KEY_RING.',
  ).addHelpText(
    'after',
    `
To rotate, without stopping anything:
  1. ${host.callOf('keys generate')}              adds a key that only opens; bring the file to every replica, which takes it up by itself
  2. ${host.callOf('keys status')}                every replica has the same ring?
  3. ${host.callOf('keys activate <id>')}         new values are sealed under it; bring the file to every replica
  4. ${host.callOf('keys rewrap')}                seals the stored values again; may be interrupted and started again
  5. ${host.callOf('keys retire <old id>')}       when "${host.callOf('keys status')}" counts nothing under it; keep a backup as long as you keep the database's`,
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
    .action(action((file: string | undefined, options: WrapOptions) => generate(host, file, options)));

  program
    .command('activate')
    .description('Lets a key seal; the one that did so far only opens from then on.')
    .argument('<id>')
    .action(action((id: string) => activate(host, id)));

  program
    .command('retire')
    .description('Takes a key out of use for good; refused while a stored value is sealed under it.')
    .argument('<id>')
    .action(action((id: string) => retire(host, id)));

  program
    .command('status')
    .description('Rows under each key, states, ages, and which replicas hold another ring.')
    .action(action(() => status(host)));

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
    .action(action((options: RewrapOptions) => rewrapAll(host, options)));

  program
    .command('verify')
    .description('Opens every stored value, and writes nothing.')
    .action(action(() => verify(host)));

  return program;
}

function positive(text: string): number {
  const number = Number(text);
  if (!/^\d{1,9}$/.test(text) || number === 0) throw new InvalidArgumentError('It must be a number above 0.');
  return number;
}
