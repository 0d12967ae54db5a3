import { readCapped } from '../../common/read-capped.js';
import { proxiedFetch } from '../../common/outbound-proxy.js';
import { associatedData } from './binding.js';
import { validateEndpoint } from './endpoint.js';
import { KeyServiceFault, type Fault } from './key-service-error.js';
import type { KeyServiceAdapter, KeyServiceOptions } from './key-service.js';
import { isCiphertext, type VaultTransitKey } from './wrapped-key.js';

const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * The transit engine of HashiCorp Vault or OpenBao through its HTTP API. Neither has an official client for Node.
 * Redirects are not followed, since they would be given the token and the root key.
 *
 * @throws KeyRingError when the address is not https
 */
export function openVaultTransit(
  { address, mount, key }: VaultTransitKey,
  { vaultToken, vaultNamespace, ...rules }: KeyServiceOptions,
): KeyServiceAdapter {
  const base = validateEndpoint(address, rules).href.replace(/\/+$/, '');

  async function ask(
    operation: 'encrypt' | 'decrypt',
    body: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const token = vaultToken?.reveal() ?? '';
    if (!/^[\x21-\x7e]+$/.test(token)) throw new KeyServiceFault('credentials');
    const response = await proxiedFetch(`${base}/v1/${mount}/${operation}/${key}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'X-Vault-Request': 'true',
        'X-Vault-Token': token,
        ...(vaultNamespace !== undefined && { 'X-Vault-Namespace': vaultNamespace }),
      },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal,
    });
    const text = await readCapped(response, MAX_ANSWER_BYTES, () => new KeyServiceFault('wrong-answer'));
    if (response.status !== 200) throw new KeyServiceFault(faultOfStatus(response.status, text));
    return dataOf(text);
  }

  return {
    async wrap(root, keyId, signal) {
      const { ciphertext } = await ask(
        'encrypt',
        { plaintext: root.toString('base64'), associated_data: associatedData(keyId).toString('base64') },
        signal,
      );
      if (typeof ciphertext !== 'string' || !isCiphertext('vault-transit', ciphertext)) {
        throw new KeyServiceFault('wrong-answer');
      }
      return ciphertext;
    },

    async unwrap(ciphertext, keyId, signal) {
      const { plaintext } = await ask(
        'decrypt',
        { ciphertext, associated_data: associatedData(keyId).toString('base64') },
        signal,
      );
      const root = Buffer.from(typeof plaintext === 'string' ? plaintext : '', 'base64');
      if (root.length === 0 || root.toString('base64') !== plaintext)
        throw new KeyServiceFault('wrong-answer');
      return root;
    },

    // Everything else was handled above: what remains is the connection.
    faultOf: () => 'unreachable',
  };
}

/** Vault says with one status, 400, that a key is unknown and that a ciphertext does not open. */
function faultOfStatus(status: number, text: string): Fault {
  if (status === 403) return 'denied';
  if (status === 404 || (status === 400 && text.includes('encryption key not found'))) return 'unknown-key';
  if (status === 400) return 'refused';
  return status === 429 || status >= 500 ? 'unavailable' : 'wrong-answer';
}

function dataOf(text: string): Record<string, unknown> {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw new KeyServiceFault('wrong-answer');
  }
  const data = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : undefined;
  if (typeof data !== 'object' || data === null) throw new KeyServiceFault('wrong-answer');
  return data as Record<string, unknown>;
}
