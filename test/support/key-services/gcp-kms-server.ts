import { generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withMembers, type LocalKeyService } from './local-key-service.js';
import { LocalServer, SERVER_SAYS, type Answer, type Received } from './local-server.js';
import { SealedBox } from './sealed-box.js';

const KEY = 'projects/local-server/locations/europe-west3/keyRings/ring/cryptoKeys/wrapping';

interface Call {
  plaintext?: string;
  ciphertext?: string;
  additionalAuthenticatedData?: string;
  plaintextCrc32c?: string;
  ciphertextCrc32c?: string;
  additionalAuthenticatedDataCrc32c?: string;
}

/**
 * Google Cloud KMS as far as `:encrypt` and `:decrypt` over REST. Real: the official client with the application
 * default credentials of a service account made here, whose signed tokens the server verifies; the wire format;
 * the checksums, reckoned by other code than the service's; AES-GCM with the associated data. Not real: the server.
 * Its client speaks plain http once it is given `protocol: 'http'`; nothing of it had to be stubbed.
 */
export async function startGcpKms(): Promise<LocalKeyService> {
  const box = new SealedBox();
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const folder = mkdtempSync(join(tmpdir(), 'gcp-kms-server-'));
  const credentials = join(folder, 'service-account.json');
  writeFileSync(
    credentials,
    JSON.stringify({
      type: 'service_account',
      project_id: 'local-server',
      private_key_id: 'local',
      private_key: pem,
      client_email: 'spec@local-server.iam.gserviceaccount.com',
    }),
    { mode: 0o600 },
  );

  function serve({ method, url, headers, body }: Received): Answer {
    const { pathname } = new URL(url, 'http://localhost');
    if (!isSignedBy(publicKey, headers.authorization)) return refusal(401, 'UNAUTHENTICATED');
    const call = JSON.parse(body) as Call;
    const aad = Buffer.from(call.additionalAuthenticatedData ?? '', 'base64');
    if (fails(aad, call.additionalAuthenticatedDataCrc32c)) return refusal(400, 'INVALID_ARGUMENT');
    switch (`${method} ${pathname}`) {
      case `POST /v1/${KEY}:encrypt`: {
        const plaintext = Buffer.from(call.plaintext ?? '', 'base64');
        if (fails(plaintext, call.plaintextCrc32c)) return refusal(400, 'INVALID_ARGUMENT');
        const ciphertext = box.seal(plaintext, aad);
        return answer({
          name: `${KEY}/cryptoKeyVersions/1`,
          ciphertext: ciphertext.toString('base64'),
          ciphertextCrc32c: slowCrc32c(ciphertext),
          verifiedPlaintextCrc32c: call.plaintextCrc32c !== undefined,
          verifiedAdditionalAuthenticatedDataCrc32c: call.additionalAuthenticatedDataCrc32c !== undefined,
          protectionLevel: 'SOFTWARE',
        });
      }
      case `POST /v1/${KEY}:decrypt`: {
        const ciphertext = Buffer.from(call.ciphertext ?? '', 'base64');
        if (fails(ciphertext, call.ciphertextCrc32c)) return refusal(400, 'INVALID_ARGUMENT');
        const plaintext = box.open(ciphertext, aad);
        if (plaintext === undefined) return refusal(400, 'INVALID_ARGUMENT');
        return answer({
          plaintext: plaintext.toString('base64'),
          plaintextCrc32c: slowCrc32c(plaintext),
          usedPrimary: true,
          protectionLevel: 'SOFTWARE',
        });
      }
      default:
        return refusal(404, 'NOT_FOUND');
    }
  }

  const server = await LocalServer.start(serve);
  return {
    server,
    key: { service: 'gcp-kms', key: KEY, endpoint: server.url },
    options: {},
    name: /Google Cloud KMS/,
    packageName: '@google-cloud/kms',
    environment: { GOOGLE_APPLICATION_CREDENTIALS: credentials, GOOGLE_CLOUD_PROJECT: 'local-server' },
    withoutCredentials: {
      environment: { GOOGLE_APPLICATION_CREDENTIALS: join(folder, 'none.json') },
      options: {},
    },
    secrets: [pem.split('\n')[3] ?? pem],
    denial: refusal(403, 'PERMISSION_DENIED'),
    unauthenticated: refusal(401, 'UNAUTHENTICATED'),
    unknownKey: refusal(400, 'FAILED_PRECONDITION'),
    unavailable: refusal(503, 'UNAVAILABLE'),
    wrongUnwraps: [
      [
        'with a plaintext that its checksum denies',
        (honest) => withMembers(honest, { plaintextCrc32c: '1' }),
      ],
      ['without a checksum', (honest) => withMembers(honest, { plaintextCrc32c: undefined })],
    ],
    wrongWraps: [
      [
        'with a ciphertext that its checksum denies',
        (honest) => withMembers(honest, { ciphertextCrc32c: '1' }),
      ],
      ['without a checksum', (honest) => withMembers(honest, { ciphertextCrc32c: undefined })],
      [
        'that did not check the plaintext',
        (honest) => withMembers(honest, { verifiedPlaintextCrc32c: false }),
      ],
      [
        'that did not check the associated data',
        (honest) => withMembers(honest, { verifiedAdditionalAuthenticatedDataCrc32c: false }),
      ],
      ['of another key', (honest) => withMembers(honest, { name: `${KEY}2/cryptoKeyVersions/1` })],
    ],
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function answer(body: Record<string, unknown>): Answer {
  return { status: 200, body };
}

function refusal(code: number, status: string): Answer {
  return { status: code, body: { error: { code, message: SERVER_SAYS, status } } };
}

/** The service's own checksum is table-driven; this one goes bit by bit (RFC 3720 appendix B.4). */
function slowCrc32c(bytes: Buffer): string {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc % 2n === 1n ? (crc / 2n) ^ 0x82f63b78n : crc / 2n;
  }
  return String(crc ^ 0xffffffffn);
}

/** A checksum that is left out is not checked, as at Google. */
function fails(bytes: Buffer, checksum: string | undefined): boolean {
  return checksum !== undefined && checksum !== slowCrc32c(bytes);
}

function isSignedBy(publicKey: KeyObject, authorization = ''): boolean {
  const [header = '', payload = '', signature = ''] = authorization.replace(/^Bearer /, '').split('.');
  return verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    publicKey,
    Buffer.from(signature, 'base64url'),
  );
}
