import type { Secret } from '../secret.js';
import type { Fault } from './key-service-error.js';

/** Wraps and unwraps root keys. What it wrapped under one key id does not unwrap under another. */
export interface KeyService {
  /**
   * Wraps a root key.
   *
   * @returns the ciphertext as it is stored in the key ring file
   * @throws KeyRingError naming the service and what to check, never the service's own words
   */
  wrap(root: Buffer, keyId: string): Promise<string>;

  /**
   * Unwraps a root key.
   *
   * @param ciphertext as {@link KeyService.wrap} gave it
   * @throws KeyRingError as above; also for a changed ciphertext and for one wrapped under another id
   */
  unwrap(ciphertext: string, keyId: string): Promise<Buffer>;
}

/** How key services are reached. The credentials of AWS and Google Cloud come from their clients' own chains. */
export interface KeyServiceOptions {
  /** Whether plain http is allowed to an address of this machine; never in production. Default: false. */
  allowLoopbackHttp?: boolean | undefined;
  /** How long one call may take with its credentials and retries, in milliseconds. Default: 10,000. */
  deadlineMs?: number | undefined;
  /** The token for Vault or OpenBao. Default: none, and a ring that names Vault is refused. */
  vaultToken?: Secret | undefined;
  /** The namespace for Vault or OpenBao. Default: none. */
  vaultNamespace?: string | undefined;
}

/** The client of one key service; deadline and error texts are added around it. */
export interface KeyServiceAdapter {
  wrap(root: Buffer, keyId: string, signal: AbortSignal): Promise<string>;
  unwrap(ciphertext: string, keyId: string, signal: AbortSignal): Promise<Buffer>;
  /** Which fault an error of the client is. */
  faultOf(error: unknown): Fault;
}
