import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { readSecretFile, secretFileWarning, SecretFileError } from '../../../payments/crypto/secret-file.js';
import { CommandFault } from '../../fault.js';

/** A key of the operator, which signs checkpoints or verifies them. */
export interface CheckpointKey {
  key: KeyObject;
  /** Of the JWS. */
  algorithm: 'EdDSA' | 'ES256';
  /** The thumbprint of the public key (RFC 7638). */
  id: string;
}

const MAKE = '(umask 077; openssl genpkey -algorithm ed25519 -out checkpoint-key.pem)';
const SHARE = 'openssl pkey -in checkpoint-key.pem -pubout -out checkpoint-key.pub.pem';

/** Reads the key that signs: Ed25519 or P-256, in PEM. */
export async function readSigningKey(path: string): Promise<CheckpointKey> {
  let text: string;
  try {
    text = readSecretFile(path);
  } catch (error) {
    if (!(error instanceof SecretFileError)) throw error;
    throw new CommandFault(`The signing key ${path} ${error.message}.`);
  }
  const warning = secretFileWarning(path);
  if (warning !== undefined) {
    process.stderr.write(`Warning: the signing key ${path} ${warning}: whoever reads it signs as you do.\n`);
  }
  if (text.includes('ENCRYPTED')) {
    throw new CommandFault(
      `The signing key ${path} has a passphrase, which cannot be asked for here; decrypt it with "openssl pkey -in ${path} -out FILE" into a file that only you can read.`,
    );
  }
  return describe(
    path,
    parse(path, () => createPrivateKey(text), `make one with "${MAKE}"`),
  );
}

/** Reads the key that verifies, of the same kinds. */
export async function readVerifyingKey(path: string): Promise<CheckpointKey> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CommandFault(`The public key ${path} cannot be read (${code}).`);
  });
  if (text.includes('PRIVATE KEY')) {
    throw new CommandFault(
      `${path} is a private key, which only the one who signs may have; verify with the public one: "${SHARE}".`,
    );
  }
  return describe(
    path,
    parse(path, () => createPublicKey(text), `make it with "${SHARE}"`),
  );
}

function parse(path: string, read: () => KeyObject, advice: string): KeyObject {
  try {
    return read();
  } catch {
    throw new CommandFault(`${path} holds no key in PEM; ${advice}.`);
  }
}

async function describe(path: string, key: KeyObject): Promise<CheckpointKey> {
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) {
    throw new CommandFault(`The key in ${path} is neither Ed25519 nor P-256; make one with "${MAKE}".`);
  }
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return { key, algorithm, id: await calculateJwkThumbprint(await exportJWK(publicKey)) };
}

function algorithmOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): CheckpointKey['algorithm'] | undefined {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA';
  return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1'
    ? 'ES256'
    : undefined;
}
