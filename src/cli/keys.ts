import { resolve } from 'node:path';
import { Command } from 'commander';
import { createKeyRingFile } from '../payments/crypto/key-ring-file.js';
import { CommandFault, endWith } from './fault.js';

function generate(file: string): void {
  const path = resolve(file);
  const id = make(path);
  process.stdout.write(
    `Made the key ${id} in ${path}\n` +
      'Next: back the file up where only you can read it, since nothing opens what it sealed without it. Then set\n' +
      `KEY_RING_FILE=${path}\n`,
  );
}

function make(path: string): string {
  try {
    return createKeyRingFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandFault(
      code === 'EEXIST'
        ? `${path} exists, and a key ring is never overwritten; name another file.`
        : `${path} cannot be written (${code ?? 'unknown'}); check that its folder exists and that you may write to it.`,
    );
  }
}

const program = new Command('keys').description('Makes the keys that seal credentials.');
program
  .command('generate')
  .description('Makes a key ring file with one active key.')
  .argument('<file>', 'where to make it; nothing may be there')
  .action(generate);
await program.parseAsync().catch(endWith);
