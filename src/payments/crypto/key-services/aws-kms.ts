import type { KMSClient } from '@aws-sdk/client-kms';
import { proxyAgentFor } from '../../common/outbound-proxy.js';
import { encryptionContext } from './binding.js';
import { validateEndpoint, type EndpointRules } from './endpoint.js';
import { KeyServiceFault, type Fault } from './key-service-error.js';
import type { KeyServiceAdapter } from './key-service.js';
import { loadClient } from './load-client.js';
import type { AwsKmsKey } from './wrapped-key.js';

/**
 * AWS KMS through its official client. Region and credentials come from the client's standard chain where the
 * ring leaves them out. Each call has a client of its own, so that no connection stays open after the start.
 */
export async function openAwsKms(
  { key, region = regionOf(key), endpoint }: AwsKmsKey,
  rules: EndpointRules,
): Promise<KeyServiceAdapter> {
  if (endpoint !== undefined) validateEndpoint(endpoint, rules);
  const { KMSClient, EncryptCommand, DecryptCommand } = await loadClient(
    'aws-kms',
    '@aws-sdk/client-kms',
    () => import('@aws-sdk/client-kms'),
  );

  const httpsAgent = proxyAgentFor(endpoint ?? `https://kms.${region ?? 'region'}.amazonaws.com`);

  async function withClient<T>(use: (client: KMSClient) => Promise<T>): Promise<T> {
    const client = new KMSClient({
      ...(region !== undefined && { region }),
      ...(endpoint !== undefined && { endpoint }),
      ...(httpsAgent !== undefined && { requestHandler: { httpsAgent } }),
    });
    try {
      await requireRegion(client);
      validateEveryRequest(client, rules);
      return await use(client);
    } finally {
      client.destroy();
    }
  }

  return {
    wrap: (root, keyId, abortSignal) =>
      withClient(async (client) => {
        const command = new EncryptCommand({
          KeyId: key,
          Plaintext: root,
          EncryptionContext: encryptionContext(keyId),
        });
        const answer = await client.send(command, { abortSignal });
        validateAnsweredKey(key, answer.KeyId);
        return bytes(answer.CiphertextBlob).toString('base64');
      }),

    unwrap: (ciphertext, keyId, abortSignal) =>
      withClient(async (client) => {
        const command = new DecryptCommand({
          KeyId: key,
          CiphertextBlob: Buffer.from(ciphertext, 'base64'),
          EncryptionContext: encryptionContext(keyId),
        });
        const answer = await client.send(command, { abortSignal });
        validateAnsweredKey(key, answer.KeyId);
        return bytes(answer.Plaintext);
      }),

    faultOf,
  };
}

function regionOf(key: string): string | undefined {
  return key.startsWith('arn:') ? key.split(':')[3] : undefined;
}

async function requireRegion(client: KMSClient): Promise<void> {
  try {
    await client.config.region();
  } catch {
    throw new KeyServiceFault('no-region');
  }
}

/** An endpoint may also come from AWS_ENDPOINT_URL or a profile, so every request is validated. */
function validateEveryRequest(client: KMSClient, rules: EndpointRules): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const { protocol, hostname } = args.request as { protocol: string; hostname: string };
      validateEndpoint(`${protocol}//${hostname}`, rules);
      return next(args);
    },
    { step: 'finalizeRequest', name: 'validateEndpoint' },
  );
}

/** KMS answers with the full ARN of the key it used; behind an alias only its account and region are known. */
function validateAnsweredKey(asked: string, answered: unknown): void {
  if (typeof answered !== 'string') throw new KeyServiceFault('wrong-answer');
  const isTheKey = asked.startsWith('arn:')
    ? answered === asked ||
      (asked.includes(':alias/') && answered.startsWith(asked.replace(/:alias\/.*$/, ':key/')))
    : asked.startsWith('alias/') || answered.endsWith(`:key/${asked}`);
  if (!isTheKey) throw new KeyServiceFault('wrong-answer');
}

/** The client passes on anything but a text without decoding it, so its types cannot be relied on. */
function bytes(blob: unknown): Buffer {
  if (!(blob instanceof Uint8Array) || blob.length === 0) throw new KeyServiceFault('wrong-answer');
  return Buffer.from(blob);
}

const FAULTS: Readonly<Record<string, Fault>> = {
  AccessDeniedException: 'denied',
  InvalidCiphertextException: 'refused',
  IncorrectKeyException: 'refused',
  NotFoundException: 'unknown-key',
  InvalidArnException: 'unknown-key',
  DisabledException: 'unknown-key',
  KMSInvalidStateException: 'unknown-key',
  InvalidKeyUsageException: 'unknown-key',
  ValidationException: 'refused',
  UnrecognizedClientException: 'credentials',
  InvalidClientTokenId: 'credentials',
  InvalidSignatureException: 'credentials',
  IncompleteSignatureException: 'credentials',
  MissingAuthenticationTokenException: 'credentials',
  ExpiredTokenException: 'credentials',
  CredentialsProviderError: 'credentials',
  TokenProviderError: 'credentials',
  KeyUnavailableException: 'unavailable',
  DependencyTimeoutException: 'unavailable',
  ThrottlingException: 'unavailable',
  TimeoutError: 'unreachable',
};

function faultOf(error: unknown): Fault {
  const { name, $metadata } = error as ClientError;
  const known = FAULTS[name ?? ''];
  if (known !== undefined) return known;
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return 'unreachable';
  return status >= 500 ? 'unavailable' : 'wrong-answer';
}

/** Errors have the HTTP status as soon as there was any answer. */
interface ClientError {
  name?: string;
  $metadata?: { httpStatusCode?: number };
}
