import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

export const AUDIENCE = 'https://payments.test';

/** A key pair of an identity provider. */
export interface SigningKey {
  kid: string;
  alg: string;
  privateKey: CryptoKey;
  publicJwk: JWK;
}

/** An identity provider on the loopback: metadata and a key set, and tokens signed by its keys. */
export interface IdentityProvider {
  issuer: string;
  jwksUri: string;
  /** The keys that its key set shows now. */
  keys: JWK[];
  /** While true, it closes every connection without an answer. */
  down: boolean;
  /** Replaces the metadata; the default is right. */
  metadata: Record<string, unknown>;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  /** Claims of a valid access token, for 10 minutes. */
  claims(changes?: JWTPayload): JWTPayload;
  /** Signs claims, by default valid ones. */
  sign(key: SigningKey, claims?: JWTPayload, header?: Record<string, unknown>): Promise<string>;
  stop(): Promise<void>;
}

export async function makeSigningKey(alg: string, kid = `${alg}-key`): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export async function startIdentityProvider(...keys: SigningKey[]): Promise<IdentityProvider> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jwksUri = `${issuer}/keys`;
  const provider: IdentityProvider = {
    issuer,
    jwksUri,
    keys: keys.map(({ publicJwk }) => publicJwk),
    down: false,
    metadata: { issuer, jwks_uri: jwksUri },
    requests: [],
    claims(changes = {}) {
      const now = Math.floor(Date.now() / 1000);
      return { iss: issuer, aud: AUDIENCE, sub: 'alice', iat: now, exp: now + 600, ...changes };
    },
    sign({ alg, kid, privateKey }, claims = provider.claims(), header = {}) {
      return new SignJWT(claims).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
    },
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
  return provider;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    provider.requests.push(request.url ?? '');
    if (provider.down) {
      request.socket.destroy();
      return;
    }
    const bodies: Record<string, unknown> = {
      '/keys': { keys: provider.keys },
      '/.well-known/openid-configuration': provider.metadata,
    };
    const body = bodies[request.url ?? ''];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? null));
  }
}
