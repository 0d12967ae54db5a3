import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** Where an identity provider signs people in: RFC 6749 section 4.1 with PKCE (RFC 7636), for one public client. */
export interface SignInProvider {
  authorizationUrl: string;
  tokenUrl: string;
  /** What it refused, and why; empty when all was right. */
  readonly refused: string[];
  /** The scopes that were asked for, by each sign-in that was granted. */
  readonly granted: string[];
  stop(): Promise<void>;
}

export interface PublicClient {
  id: string;
  redirectUri: string;
  audience: string;
}

/** A code that was handed out and can be used once. */
interface Grant {
  challenge: string;
  redirectUri: string;
}

/** @param issueToken makes the access token; everybody who comes is signed in at once */
export async function startSignInProvider(
  client: () => PublicClient,
  issueToken: () => Promise<string>,
): Promise<SignInProvider> {
  const grants = new Map<string, Grant>();
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider: SignInProvider = {
    authorizationUrl: `${origin}/authorize`,
    tokenUrl: `${origin}/token`,
    refused: [],
    granted: [],
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

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '', origin);
    if (pathname === '/authorize') authorize(searchParams, response);
    else if (pathname === '/token') await exchange(request, response);
    else response.writeHead(404).end();
  }

  function authorize(asked: URLSearchParams, response: ServerResponse): void {
    const { id, redirectUri, audience } = client();
    const fault = faultOf({
      client_id: asked.get('client_id') === id,
      redirect_uri: asked.get('redirect_uri') === redirectUri,
      response_type: asked.get('response_type') === 'code',
      code_challenge: /^[\w-]{43}$/.test(asked.get('code_challenge') ?? ''),
      code_challenge_method: asked.get('code_challenge_method') === 'S256',
      scope: asked.get('scope')?.split(' ').includes('openid') ?? false,
      audience: asked.get('audience') === audience,
      state: asked.has('state'),
    });
    if (fault !== undefined) {
      refuse(response, `authorize: ${fault}`);
      return;
    }
    const code = randomUUID();
    grants.set(code, { challenge: asked.get('code_challenge') ?? '', redirectUri });
    provider.granted.push(asked.get('scope') ?? '');
    const back = new URL(redirectUri);
    back.search = new URLSearchParams({ code, state: asked.get('state') ?? '' }).toString();
    response.writeHead(302, { location: back.href }).end();
  }

  async function exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('access-control-allow-origin', request.headers.origin ?? 'null');
    if (request.method === 'OPTIONS') {
      response.setHeader(
        'access-control-allow-headers',
        request.headers['access-control-request-headers'] ?? '',
      );
      response.writeHead(204).end();
      return;
    }
    const form = new URLSearchParams(await text(request));
    const grant = grants.get(form.get('code') ?? '');
    grants.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const fault = faultOf({
      grant_type: form.get('grant_type') === 'authorization_code',
      client_id: form.get('client_id') === client().id,
      code: grant !== undefined,
      redirect_uri: form.get('redirect_uri') === grant?.redirectUri,
      code_verifier: challenge === grant?.challenge,
      // A public client has none; an empty one is wrong for some providers.
      client_secret: !form.has('client_secret') && request.headers.authorization === undefined,
    });
    if (fault !== undefined) {
      refuse(response, `token: ${fault}`);
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ access_token: await issueToken(), token_type: 'Bearer', expires_in: 600 }));
  }

  function refuse(response: ServerResponse, reason: string): void {
    provider.refused.push(reason);
    response
      .writeHead(400, { 'content-type': 'application/json' })
      .end(JSON.stringify({ error: 'invalid_request' }));
  }
}

/** The first that does not hold. */
function faultOf(checks: Record<string, boolean>): string | undefined {
  return Object.keys(checks).find((name) => !checks[name]);
}
