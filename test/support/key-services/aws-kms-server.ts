import { randomUUID } from 'node:crypto';
import { withMembers, type LocalKeyService } from './local-key-service.js';
import { LocalServer, SERVER_SAYS, type Answer, type Received } from './local-server.js';
import { SealedBox } from './sealed-box.js';

const ACCESS_KEY = 'AKIDLOCALSERVERONLY1';
const SECRET_KEY = 'local/server/only/0123456789abcdefghij+x';
const ACCOUNT = 'arn:aws:kms:eu-central-1:111122223333';
/** Another name of the one key. */
export const AWS_ALIAS = 'alias/stripe/config';
export const AWS_ALIAS_ARN = `${ACCOUNT}:${AWS_ALIAS}`;

interface Call {
  KeyId?: string;
  Plaintext?: string;
  CiphertextBlob?: string;
  EncryptionContext?: Record<string, string>;
}

/**
 * AWS KMS as far as `TrentService.Encrypt` and `TrentService.Decrypt` over AWS JSON 1.1. Real: the official client
 * with its credentials chain and signing, the wire format, AES-GCM with the encryption context as associated data.
 * Not real: the server, and it looks only for a signature of the right access key without recomputing it.
 */
export async function startAwsKms(): Promise<LocalKeyService> {
  const box = new SealedBox();
  const key = `${ACCOUNT}:key/${randomUUID()}`;

  function serve({ method, url, headers, body }: Received): Answer {
    if (method !== 'POST' || url !== '/' || headers['content-type'] !== 'application/x-amz-json-1.1') {
      return refusal('UnknownOperationException');
    }
    if (headers.authorization?.startsWith(`AWS4-HMAC-SHA256 Credential=${ACCESS_KEY}/`) !== true) {
      return refusal('MissingAuthenticationTokenException');
    }
    const call = JSON.parse(body) as Call;
    if (![key, key.slice(-36), AWS_ALIAS, AWS_ALIAS_ARN].includes(call.KeyId ?? key))
      return refusal('NotFoundException');
    const context = canonical(call.EncryptionContext ?? {});
    switch (headers['x-amz-target']) {
      case 'TrentService.Encrypt': {
        const blob = box.seal(Buffer.from(call.Plaintext ?? '', 'base64'), context);
        return answer({ CiphertextBlob: blob.toString('base64'), KeyId: key });
      }
      case 'TrentService.Decrypt': {
        const plaintext = box.open(Buffer.from(call.CiphertextBlob ?? '', 'base64'), context);
        if (plaintext === undefined) return refusal('InvalidCiphertextException');
        return answer({ Plaintext: plaintext.toString('base64'), KeyId: key });
      }
      default:
        return refusal('UnknownOperationException');
    }
  }

  const server = await LocalServer.start(serve);
  const otherKey = (honest: Answer): Answer =>
    withMembers(honest, { KeyId: `${ACCOUNT}:key/${randomUUID()}` });
  const noKey = (honest: Answer): Answer => withMembers(honest, { KeyId: undefined });
  return {
    server,
    key: { service: 'aws-kms', key, endpoint: server.url },
    options: {},
    name: /AWS KMS/,
    packageName: '@aws-sdk/client-kms',
    environment: {
      AWS_ACCESS_KEY_ID: ACCESS_KEY,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
      AWS_SESSION_TOKEN: '',
      AWS_PROFILE: '',
      AWS_REGION: '',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
    },
    withoutCredentials: { environment: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' }, options: {} },
    secrets: [SECRET_KEY],
    denial: refusal('AccessDeniedException'),
    unauthenticated: refusal('UnrecognizedClientException'),
    unknownKey: refusal('NotFoundException'),
    unavailable: refusal('KMSInternalException', 500),
    wrongUnwraps: [
      ['of another key', otherKey],
      ['of no key', noKey],
      ['with a number for the plaintext', (honest) => withMembers(honest, { Plaintext: 5 })],
      ['with a plaintext that is no base64', (honest) => withMembers(honest, { Plaintext: '!!!' })],
    ],
    wrongWraps: [
      ['of another key', otherKey],
      ['of no key', noKey],
      ['with a number for the ciphertext', (honest) => withMembers(honest, { CiphertextBlob: 5 })],
    ],
    stop: () => server.stop(),
  };
}

function answer(body: Record<string, unknown>): Answer {
  return { status: 200, body: { EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', ...body }, headers: JSON_1_1 };
}

function refusal(type: string, status = 400): Answer {
  return { status, body: { __type: type, message: SERVER_SAYS }, headers: JSON_1_1 };
}

const JSON_1_1 = { 'Content-Type': 'application/x-amz-json-1.1' };

/** KMS does not mind the order of a context. */
function canonical(context: Record<string, string>): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));
}
