import { Secret } from '../../../src/payments/crypto/secret.js';
import { withMembers, type LocalKeyService } from './local-key-service.js';
import { LocalServer, SERVER_SAYS, type Answer, type Received } from './local-server.js';
import { SealedBox } from './sealed-box.js';

const TOKEN = 'hvs.local-server-only-0123456789';
const NAMESPACE = 'team/payments';
const PATH = '/v1/secrets/transit';

interface Call {
  plaintext?: string;
  ciphertext?: string;
  associated_data?: string;
}

/**
 * The transit engine of Vault and OpenBao as far as `encrypt` and `decrypt`. Real: the service's own client, the wire
 * format, the checks of token and namespace, AES-GCM with the associated data. Not real: the server.
 */
export async function startVaultTransit(): Promise<LocalKeyService> {
  const box = new SealedBox();

  function serve({ method, url, headers, body }: Received): Answer {
    if (headers['x-vault-token'] !== TOKEN) return refusal(403, 'permission denied');
    if (headers['x-vault-namespace'] !== NAMESPACE) return refusal(404, 'no handler for route');
    const call = JSON.parse(body) as Call;
    const aad = Buffer.from(call.associated_data ?? '', 'base64');
    switch (`${method} ${url}`) {
      case `POST ${PATH}/encrypt/stripe-config`: {
        const sealed = box.seal(Buffer.from(call.plaintext ?? '', 'base64'), aad);
        return answer({ ciphertext: `vault:v1:${sealed.toString('base64')}`, key_version: 1 });
      }
      case `POST ${PATH}/decrypt/stripe-config`: {
        const sealed = Buffer.from(call.ciphertext?.replace(/^vault:v1:/, '') ?? '', 'base64');
        const plaintext = box.open(sealed, aad);
        if (plaintext === undefined) return refusal(400, 'cipher: message authentication failed');
        return answer({ plaintext: plaintext.toString('base64') });
      }
      default:
        return refusal(404, 'no handler for route');
    }
  }

  const server = await LocalServer.start(serve);
  const withData = (honest: Answer, data: Record<string, unknown>): Answer => withMembers(honest, { data });
  return {
    server,
    key: { service: 'vault-transit', address: server.url, mount: 'secrets/transit', key: 'stripe-config' },
    options: { vaultToken: new Secret(TOKEN), vaultNamespace: NAMESPACE },
    name: /Vault transit/,
    environment: {},
    withoutCredentials: { environment: {}, options: { vaultNamespace: NAMESPACE } },
    secrets: [TOKEN],
    denial: refusal(403, 'permission denied'),
    unauthenticated: refusal(403, 'permission denied'),
    unknownKey: refusal(400, 'encryption key not found'),
    unavailable: refusal(503, 'Vault is sealed'),
    wrongUnwraps: [
      ['with a number for the plaintext', (honest) => withData(honest, { plaintext: 5 })],
      ['with a plaintext that is no base64', (honest) => withData(honest, { plaintext: 'AAAA!' })],
    ],
    wrongWraps: [
      ['with a number for the ciphertext', (honest) => withData(honest, { ciphertext: 5 })],
      ['with a ciphertext in no known form', (honest) => withData(honest, { ciphertext: 'AAAA' })],
    ],
    stop: () => server.stop(),
  };
}

function answer(data: Record<string, unknown>): Answer {
  return { status: 200, body: { request_id: 'local', lease_duration: 0, renewable: false, data } };
}

function refusal(status: number, text: string): Answer {
  return { status, body: { errors: [`${text}: ${SERVER_SAYS}`] } };
}
