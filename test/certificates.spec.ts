import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import { keyId } from '../src/payments/crypto/key-ring.js';
import { openKeyService } from '../src/payments/crypto/key-services/open-key-service.js';
import { Secret } from '../src/payments/crypto/secret.js';
import { describeError } from '../src/payments/common/describe-error.js';
import { TimeLimits } from '../src/payments/options/time-limits.js';
import { StripeApi } from '../src/payments/stripe/stripe-api.js';
import { fakeCredential } from './support/credentials.js';
import { expectError } from './support/errors.js';
import { AUDIENCE, makeSigningKey, startIdentityProvider } from './support/identity-provider.js';
import { startTestService } from './support/service.js';

// A server on the loopback whose certificate is its own, as those of a company's authority are to Node.
const CODE = 'DEPTH_ZERO_SELF_SIGNED_CERT';
const FIX = /set NODE_EXTRA_CA_CERTS to a file with the certificate of that authority/;

let server: Server;
let url: string;

beforeAll(async () => {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  server = createServer({ cert, key }, (_request, response) => response.end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://localhost:${(server.address() as AddressInfo).port}`;
});
afterAll(
  () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => {
        resolve();
      });
    }),
);

async function rejectionOf(work: Promise<unknown>): Promise<Error> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Error) return error;
  throw new Error('nothing was thrown');
}

it('of an identity provider that is not trusted gives a log with its code and the fix, at the start and later', async () => {
  const log: Record<string, unknown>[] = [];
  const key = await makeSigningKey('ES256');
  const signer = await startIdentityProvider(key);
  const service = await startTestService({
    auth: { issuer: url, audience: AUDIENCE },
    logLevel: 'warn',
    logDestination: { write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>) },
  });
  try {
    const token = await signer.sign(key, signer.claims({ iss: url }));
    const answer = await service.request('GET', '/api/v1/payments/projects', {
      subject: null,
      headers: { authorization: `Bearer ${token}` },
    });
    expectError(answer, 503, 'dependency_unavailable');
    const lines = log.filter(
      ({ event }) => event === 'issuer_keys.unavailable' || event === 'request.failed',
    );
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line.explanation).toMatch(FIX);
      expect(line.causes).toContainEqual(expect.objectContaining({ errorCode: CODE }));
    }
  } finally {
    await service.stop();
    await signer.stop();
  }
});

it('of a key service that is not trusted gives an error with its code and the fix', async () => {
  const root = randomBytes(32);
  const vault = await openKeyService(
    { service: 'vault-transit', address: url, mount: 'transit', key: 'example' },
    { vaultToken: new Secret(fakeCredential('test_webhook_secret')) },
  );
  const { message } = await rejectionOf(vault.wrap(root, keyId(root)));
  expect(message).toContain(`Vault transit cannot be reached`);
  expect(message).toContain(CODE);
  expect(message).toMatch(FIX);
});

it('of Stripe that is not trusted gives a cause with its code and the fix', async () => {
  const stripe = new StripeApi({ stripeApiBase: url, limits: { stripeCallsAtOnce: 1 } }, new TimeLimits());
  const key = new Secret(fakeCredential('test_secret_key'));
  const error = await rejectionOf(stripe.ask(key, (client) => client.balance.retrieve(), { asker: 'alice' }));
  const { causes } = describeError(error.cause);
  expect(causes).toContainEqual({
    error: 'ExplainedError',
    explanation: expect.stringMatching(FIX) as string,
  });
  expect(causes).toContainEqual(expect.objectContaining({ errorCode: CODE }));
});
