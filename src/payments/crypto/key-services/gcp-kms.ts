import type { KeyManagementServiceClient } from '@google-cloud/kms';
import { proxyAgentFor } from '../../common/outbound-proxy.js';
import { associatedData } from './binding.js';
import { crc32c } from './crc32c.js';
import { validateEndpoint, type EndpointRules } from './endpoint.js';
import { KeyServiceFault, type Fault } from './key-service-error.js';
import type { KeyServiceAdapter } from './key-service.js';
import { loadClient } from './load-client.js';
import type { GcpKmsKey } from './wrapped-key.js';

const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Google Cloud KMS through its official client, over REST rather than gRPC, so that redirects, the length of an
 * answer and the time of a call can be limited. Credentials are the application default ones. Checksums are sent
 * and verified as Google recommends (https://cloud.google.com/kms/docs/data-integrity-guidelines).
 */
export async function openGcpKms(
  { key, endpoint }: GcpKmsKey,
  rules: EndpointRules,
  deadlineMs: number,
): Promise<KeyServiceAdapter> {
  const place = endpoint === undefined ? {} : clientPlace(validateEndpoint(endpoint, rules));
  const { KeyManagementServiceClient } = await loadClient(
    'gcp-kms',
    '@google-cloud/kms',
    () => import('@google-cloud/kms'),
  );

  async function withClient<T>(use: (client: KeyManagementServiceClient) => Promise<T>): Promise<T> {
    const client = new KeyManagementServiceClient({
      ...place,
      fallback: true,
      clientOptions: {
        // By default a redirect would be followed and given the root key, and an answer could be of any length.
        transporterOptions: {
          redirect: 'error',
          // eslint-disable-next-line @typescript-eslint/no-deprecated -- what succeeds it asks only Content-Length
          size: MAX_ANSWER_BYTES,
          timeout: deadlineMs,
          // The client sets an agent of its own for each call, so gaxios does not look up a proxy.
          adapter: (request, send) => {
            const agent = proxyAgentFor(request.url.href);
            return send(agent === undefined ? request : { ...request, agent });
          },
        },
      },
    });
    await requireCredentials(client);
    try {
      return await use(client);
    } finally {
      await client.close();
    }
  }

  return {
    wrap: (root, keyId) =>
      withClient(async (client) => {
        const aad = associatedData(keyId);
        const [answer] = await client.encrypt(
          {
            name: key,
            plaintext: root,
            plaintextCrc32c: { value: crc32c(root) },
            additionalAuthenticatedData: aad,
            additionalAuthenticatedDataCrc32c: { value: crc32c(aad) },
          },
          ONCE,
        );
        const received =
          answer.verifiedPlaintextCrc32c === true &&
          answer.verifiedAdditionalAuthenticatedDataCrc32c === true;
        const byTheKey = answer.name?.startsWith(`${key}/cryptoKeyVersions/`) === true;
        if (!received || !byTheKey) throw new KeyServiceFault('wrong-answer');
        return checked(answer.ciphertext, answer.ciphertextCrc32c?.value).toString('base64');
      }),

    unwrap: (text, keyId) =>
      withClient(async (client) => {
        const aad = associatedData(keyId);
        const ciphertext = Buffer.from(text, 'base64');
        const [answer] = await client.decrypt(
          {
            name: key,
            ciphertext,
            ciphertextCrc32c: { value: crc32c(ciphertext) },
            additionalAuthenticatedData: aad,
            additionalAuthenticatedDataCrc32c: { value: crc32c(aad) },
          },
          ONCE,
        );
        return checked(answer.plaintext, answer.plaintextCrc32c?.value);
      }),

    faultOf,
  };
}

const ONCE = { retry: null };

function clientPlace(url: URL): { apiEndpoint: string; port: number; protocol: string } {
  const protocol = url.protocol.slice(0, -1);
  const port = url.port === '' ? (protocol === 'https' ? 443 : 80) : Number(url.port);
  return { apiEndpoint: url.hostname, port, protocol };
}

/**
 * Fetches the credentials before the call: a call of a client without credentials rejects a promise that nobody
 * holds, which ends the process, and a token server's refusal would look like one of the key service.
 */
async function requireCredentials(client: KeyManagementServiceClient): Promise<void> {
  try {
    await client.initialize();
    await client.auth.getRequestHeaders();
  } catch {
    throw new KeyServiceFault('credentials');
  }
}

function checked(blob: unknown, checksum: unknown): Buffer {
  if (!(blob instanceof Uint8Array) || blob.length === 0 || String(checksum) !== String(crc32c(blob))) {
    throw new KeyServiceFault('wrong-answer');
  }
  return Buffer.from(blob);
}

function faultOf(error: unknown): Fault {
  const { message, code, status } = error as ClientError;
  if (status === undefined) return typeof code === 'string' ? 'unreachable' : 'wrong-answer';
  if (status === 401) return 'credentials';
  if (status === 403) return 'denied';
  if (status === 404 || message?.includes('FAILED_PRECONDITION') === true) return 'unknown-key';
  if (status === 400) return 'refused';
  return status === 429 || status >= 500 ? 'unavailable' : 'wrong-answer';
}

/** Over REST an answer's errors have the HTTP status and the answer itself as message, the connection's only a code. */
interface ClientError {
  message?: string;
  code?: unknown;
  status?: number;
}
