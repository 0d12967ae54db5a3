import { KeyRingError } from '../key-ring.js';
import type { KeyServiceName } from './wrapped-key.js';
import { ExplainedError } from '../../domain/explained-error.js';
import { connectionFaultOf } from '../../common/connection-fault.js';

/** What can go wrong at a key service, as far as the fix depends on it. */
export type Fault =
  | 'unreachable'
  | 'too-slow'
  | 'unavailable'
  | 'no-region'
  | 'credentials'
  | 'denied'
  | 'unknown-key'
  | 'refused'
  | 'wrong-answer';

/** A fault that an adapter detected itself. */
export class KeyServiceFault extends ExplainedError {
  override name = 'KeyServiceFault';

  constructor(readonly fault: Fault) {
    super(`a key service's fault: ${fault}`);
  }
}

interface Words {
  name: string;
  /** What in the key ring file says where the service is. */
  place: string;
  credentials: string;
  permission: string;
}

const WORDS: Readonly<Record<KeyServiceName, Words>> = {
  'aws-kms': {
    name: 'AWS KMS',
    place: '"region" and "endpoint"',
    credentials: 'the AWS credentials of this process (environment, profile or role)',
    permission: 'kms:Decrypt on the key, and kms:Encrypt to add keys',
  },
  'gcp-kms': {
    name: 'Google Cloud KMS',
    place: '"endpoint"',
    credentials:
      'the application default credentials of this process (GOOGLE_APPLICATION_CREDENTIALS or a role)',
    permission: 'cloudkms.cryptoKeyVersions.useToDecrypt on the key, and useToEncrypt to add keys',
  },
  'vault-transit': {
    name: 'Vault transit',
    place: '"address"',
    credentials: 'VAULT_TOKEN_FILE or VAULT_TOKEN',
    permission:
      '"update" on decrypt/ of the key, and on encrypt/ to add keys, and that the token has not expired',
  },
};

/** The service's name as users know it. */
export function serviceName(service: KeyServiceName): string {
  return WORDS[service].name;
}

/** The operation that was requested. */
export type Operation = 'wrap' | 'unwrap';

/**
 * The error for a fault: fixed words, and no cause, so that nothing of the service's answer is passed on. For a failed
 * connection it has the code.
 */
export function keyServiceError(
  service: KeyServiceName,
  fault: Fault,
  keyId: string,
  operation: Operation,
  error: unknown,
): KeyRingError {
  const text = TEXTS[fault](WORDS[service], keyId, operation);
  if (fault !== 'unreachable') return new KeyRingError(text);
  const { code, certificate } = connectionFaultOf(error);
  const because = certificate === undefined ? '' : `: ${certificate}`;
  return new KeyRingError(code === undefined ? text : `${text} (${code}${because})`);
}

const TEXTS: Readonly<Record<Fault, (words: Words, keyId: string, operation: Operation) => string>> = {
  unreachable: ({ name, place }) =>
    `${name} cannot be reached; check the network, its TLS certificate, and ${place} in the key ring file`,
  'too-slow': ({ name, place }) =>
    `${name} did not answer in time; check the network and ${place} in the key ring file, and start again`,
  unavailable: ({ name }) =>
    `${name} is reached but cannot serve now (down, sealed or asked too often); fix that and start again`,
  'no-region': ({ name }) =>
    `${name} needs a region; write "region" or the key's full ARN into the key ring file, or set AWS_REGION`,
  credentials: ({ name, credentials }) => `${name} has no valid credentials from here; check ${credentials}`,
  denied: ({ name, permission }, keyId) =>
    `${name} denies the use of its key for the key ${keyId} of the ring; check that the credentials have ${permission}`,
  'unknown-key': ({ name }, keyId) =>
    `${name} has no usable key of the name that the key ${keyId} of the ring gives; check "key" (and "mount") there, and that the service's key is enabled`,
  refused: ({ name }, keyId, operation) =>
    operation === 'wrap'
      ? `${name} refuses to wrap the key ${keyId}; check that "key" names a symmetric key that takes associated data (AES-GCM)`
      : `${name} does not open the key ${keyId} of the ring: its ciphertext was changed, or wrapped under another id or by another key; restore the key ring file from its backup`,
  'wrong-answer': ({ name, place }) =>
    `${name} gave an answer that cannot be right; check in the key ring file that ${place} lead to ${name} itself, not to a proxy, a redirect or another service`,
};
