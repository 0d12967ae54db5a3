import { existsSync } from 'node:fs';
import { readKeysEnv } from '../../../app/settings/command-settings.js';
import { activateKey, addKey, createKeyRingFile, retireKey } from '../../../payments/crypto/key-ring-file.js';
import { KeyRingError } from '../../../payments/crypto/key-ring.js';
import type { KeyServiceKey } from '../../../payments/crypto/key-services/wrapped-key.js';
import { findReplicas, forgetKey } from '../../../payments/key-rotation/key-usage.js';
import type { CommandHost } from '../../command-host.js';
import { CommandFault, unwritable } from '../../fault.js';
import { say, type Result } from '../../program.js';
import { countValues } from './count-values.js';
import { keyRingFile } from './ring-file.js';

/** Which key service wraps a new key. */
export interface WrapOptions {
  awsKms?: string;
  gcpKms?: string;
  vault?: string;
  vaultMount: string;
  vaultKey?: string;
}

export async function generate(
  host: CommandHost,
  file: string | undefined,
  options: WrapOptions,
): Promise<Result> {
  const path = keyRingFile(file);
  const { keyServices } = readKeysEnv();
  const key = { wrap: wrapOf(options), keyServices };
  if (existsSync(path)) {
    const id = await addKey(path, key);
    say(
      `Added the key ${id}, which only opens, to ${path}`,
      `Next: bring the file to every replica, then run "${host.callOf(`keys activate ${id}`)}".`,
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

export async function activate(host: CommandHost, id: string): Promise<Result> {
  await activateKey(keyRingFile(), id);
  say(
    `The key ${id} is active.`,
    `Next: bring the file to every replica, then run "${host.callOf('keys rewrap')}".`,
  );
  return { key: id, state: 'active' };
}

export async function retire(host: CommandHost, id: string): Promise<Result> {
  const file = keyRingFile();
  await host.withDatabase(async (database) => {
    const used = (await countValues(database)).get(id);
    if (used !== undefined) {
      throw new CommandFault(
        `${used.rows} rows hold values sealed under ${id}; run "${host.callOf('keys rewrap')}" first.`,
      );
    }
    const replicas = (await findReplicas(database)).filter(({ active_key_id }) => active_key_id === id);
    if (replicas.length > 0) {
      throw new CommandFault(
        `${replicas.length} replica(s) still seal under ${id}, or did within three minutes; bring them the file, see "${host.callOf('keys status')}".`,
      );
    }
    // Deleted first, because replicas reload the file at once, and refuse one that lacks a registered key.
    await forgetKey(database, id);
    await retireKey(file, id);
  });
  say(
    `The key ${id} is retired; its bytes are no longer in the file.`,
    'Next: bring the file to every replica.',
  );
  return { key: id, state: 'retired' };
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
