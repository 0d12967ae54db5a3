import { KeyRingError } from '../key-ring.js';
import { openAwsKms } from './aws-kms.js';
import { withinDeadline } from '../../common/deadline.js';
import { openGcpKms } from './gcp-kms.js';
import { keyServiceError, KeyServiceFault, type Operation } from './key-service-error.js';
import type { KeyService, KeyServiceAdapter, KeyServiceOptions } from './key-service.js';
import { openVaultTransit } from './vault-transit.js';
import type { KeyServiceKey } from './wrapped-key.js';

/** How long one call may take unless the options say otherwise, in milliseconds. */
const DEADLINE_MS = 10_000;

/**
 * The key service that a key of the ring names. Its client is loaded here, and only that one.
 *
 * @throws KeyRingError when the client is not installed, or the address is not https
 */
export async function openKeyService(
  key: KeyServiceKey,
  options: KeyServiceOptions = {},
): Promise<KeyService> {
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  const adapter = await openAdapter(key, options, deadlineMs);

  async function guarded<T>(
    operation: Operation,
    keyId: string,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    try {
      return await withinDeadline(deadlineMs, call, () => new KeyServiceFault('too-slow'));
    } catch (error) {
      if (error instanceof KeyRingError) throw error;
      const fault = error instanceof KeyServiceFault ? error.fault : adapter.faultOf(error);
      throw keyServiceError(key.service, fault, keyId, operation, error);
    }
  }

  return {
    wrap: (root, keyId) => guarded('wrap', keyId, (signal) => adapter.wrap(root, keyId, signal)),
    unwrap: (ciphertext, keyId) =>
      guarded('unwrap', keyId, (signal) => adapter.unwrap(ciphertext, keyId, signal)),
  };
}

function openAdapter(
  key: KeyServiceKey,
  options: KeyServiceOptions,
  deadlineMs: number,
): Promise<KeyServiceAdapter> {
  switch (key.service) {
    case 'aws-kms':
      return openAwsKms(key, options);
    case 'gcp-kms':
      return openGcpKms(key, options, deadlineMs);
    case 'vault-transit':
      return Promise.resolve(openVaultTransit(key, options));
  }
}
