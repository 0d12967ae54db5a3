import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { IssuerKeys } from '../src/payments/http/access/issuer-keys.js';
import { issuerTokenVerifier } from '../src/payments/http/access/issuer-token.js';
import { DEVELOPMENT_AUDIENCE } from '../src/app/sign-in-server/development-token.js';
import {
  startSignInServer,
  type SignInServer,
  type SignInServerOptions,
} from '../src/app/sign-in-server/sign-in-server.js';
import type { ServiceLogger } from '../src/app/service-logger.js';
import { eventually } from './support/eventually.js';
import { cleanUp, runProgram, temporaryFolder } from './support/process.js';
import { Visitor, codeRequest, follow, signIn } from './support/sign-in.js';

const SERVICE = 'http://127.0.0.1:3999';
const CALLBACK = `${SERVICE}/`;

let dataDir: string;
const written: unknown[] = [];
const servers: (SignInServer | Server)[] = [];

beforeEach(async () => {
  dataDir = await temporaryFolder();
  written.length = 0;
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  await cleanUp();
});

async function start(options: Partial<SignInServerOptions> = {}): Promise<SignInServer> {
  const server = await startSignInServer({
    production: false,
    dataDir,
    port: undefined,
    servicePort: 0,
    bases: [SERVICE],
    requiredScope: undefined,
    logger: { write: (...line: unknown[]) => written.push(line) } as unknown as ServiceLogger,
    ...options,
  });
  servers.push(server);
  return server;
}

interface Tokens {
  access_token: string;
  refresh_token: string;
  id_token: string;
  error?: string;
}

async function ask(issuer: string, form: Record<string, string>, origin = SERVICE) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'development', ...form }),
    headers: { origin },
  });
  return { status: response.status, headers: response.headers, tokens: (await response.json()) as Tokens };
}

/** Signs in and changes the code for tokens. */
async function tokensOf(issuer: string, subject = 'demo-developer', visitor = new Visitor()) {
  const asked = codeRequest(issuer, CALLBACK);
  const back = await signIn(visitor, issuer, asked, { subject });
  return ask(issuer, {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: CALLBACK,
    code_verifier: asked.verifier,
  });
}

const refresh = (issuer: string, token: string) =>
  ask(issuer, { grant_type: 'refresh_token', refresh_token: token });

/** How the service verifies tokens of any identity provider. */
async function callerOf(issuer: string, token: string, requiredScope?: string): Promise<string> {
  const auth = {
    issuer,
    audience: DEVELOPMENT_AUDIENCE,
    ...(requiredScope !== undefined && { requiredScope }),
  };
  const verify = await issuerTokenVerifier(auth, new IssuerKeys(issuer));
  return (await verify(token)).subject;
}

it.each([
  ['demo-developer', 'Demo Developer'],
  ['demo-newcomer', 'Demo Newcomer'],
])(
  'signs %s in by code and PKCE, for ten minutes, and the service knows who calls',
  async (subject, name) => {
    const { issuer } = await start();
    const { status, tokens } = await tokensOf(issuer, subject);
    expect({ status, error: tokens.error }).toEqual({ status: 200, error: undefined });
    expect(await callerOf(issuer, tokens.access_token)).toBe(subject);
    const { exp = 0, iat = 0, aud } = decodeJwt(tokens.access_token);
    expect({ lifetime: exp - iat, aud }).toEqual({ lifetime: 600, aud: DEVELOPMENT_AUDIENCE });
    expect(decodeJwt(tokens.id_token)).toMatchObject({
      sub: subject,
      name,
      nonce: 'a nonce',
      aud: 'development',
    });
  },
);

it('gives the scope that the service requires to who asks for it', async () => {
  const { issuer } = await start({ requiredScope: 'payments' });
  const visitor = new Visitor();
  const asked = codeRequest(issuer, CALLBACK, { scope: 'openid payments' });
  const back = await signIn(visitor, issuer, asked);
  const { tokens } = await ask(issuer, {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: CALLBACK,
    code_verifier: asked.verifier,
  });
  expect(await callerOf(issuer, tokens.access_token, 'payments')).toBe('demo-developer');
});

it('changes a refresh token each time, and one that comes twice ends the session', async () => {
  const { issuer } = await start();
  const { tokens } = await tokensOf(issuer);
  const second = await refresh(issuer, tokens.refresh_token);
  expect(second.status).toBe(200);
  expect(await callerOf(issuer, second.tokens.access_token)).toBe('demo-developer');
  expect((await refresh(issuer, tokens.refresh_token)).tokens.error).toBe('invalid_grant');
  expect((await refresh(issuer, second.tokens.refresh_token)).tokens.error).toBe('invalid_grant');
});

it('signs out: refresh tokens end, and people are asked again who they are', async () => {
  const { issuer } = await start();
  const visitor = new Visitor();
  const { tokens } = await tokensOf(issuer, 'demo-developer', visitor);
  // Who is signed in is not asked again.
  const again = await follow(visitor, issuer, await visitor.open(codeRequest(issuer, CALLBACK).url));
  expect(again).toBeInstanceOf(URL);

  const parameters = new URLSearchParams({
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: CALLBACK,
    state: 'out',
  });
  const page = await visitor.open(`${issuer}/session/end?${parameters.toString()}`);
  const [, action = ''] = /action="([^"]+)"/.exec(await page.clone().text()) ?? [];
  const [, xsrf = ''] = /name="xsrf" value="([^"]+)"/.exec(await page.text()) ?? [];
  const end = await visitor.submit(action, { xsrf, logout: 'yes' });
  expect(end.headers.get('location')).toBe(`${CALLBACK}?state=out`);

  expect((await refresh(issuer, tokens.refresh_token)).tokens.error).toBe('invalid_grant');
  const asked = await visitor.open(codeRequest(issuer, CALLBACK).url);
  expect(asked.headers.get('location')).toMatch(/^\/interaction\/|\/interaction\//);
});

describe('refuses', () => {
  it.each<[string, Record<string, string | undefined>, string]>([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['PKCE whose challenge is the verifier', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a token in the address', { response_type: 'token' }, 'unsupported_response_type'],
  ])('%s', async (_, changes, error) => {
    const { issuer } = await start();
    const end = await follow(
      new Visitor(),
      issuer,
      await fetch(codeRequest(issuer, CALLBACK, changes).url, { redirect: 'manual' }),
    );
    const [url] = [end].filter((each) => each instanceof URL);
    const parameters = new URLSearchParams(url?.search !== '' ? url?.search : url.hash.slice(1));
    expect(parameters.get('error')).toBe(error);
    expect(parameters.get('code')).toBeNull();
  });

  it.each([
    ['of another origin', 'http://evil.example/'],
    ['of another path', `${SERVICE}/other`],
    ['that only begins alike', `${CALLBACK}docs/oauth2-redirect.html/../x`],
  ])('an address to lead back to %s, on a page and without a redirect', async (_, redirectUri) => {
    const { issuer } = await start();
    const response = await new Visitor().open(codeRequest(issuer, redirectUri).url);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).toContain('invalid_redirect_uri');
  });

  it.each<[string, Record<string, string>]>([
    ['without the verifier', {}],
    ['with another verifier', { code_verifier: 'x'.repeat(43) }],
  ])('a code %s', async (_, more) => {
    const { issuer } = await start();
    const back = await signIn(new Visitor(), issuer, codeRequest(issuer, CALLBACK));
    const { status, tokens } = await ask(issuer, {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: CALLBACK,
      ...more,
    });
    expect({ status, error: tokens.error }).toEqual({ status: 400, error: 'invalid_grant' });
  });

  it('another page’s origin at the token endpoint', async () => {
    const { issuer } = await start();
    const { tokens } = await tokensOf(issuer);
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
    const refused = await ask(issuer, form, 'http://evil.example');
    expect(refused.status).toBe(400);
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
    const taken = await ask(issuer, form);
    expect(taken.headers.get('access-control-allow-origin')).toBe(SERVICE);
  });

  it('who is not on its list, and takes a change of mind back to the client', async () => {
    const { issuer } = await start();
    await expect(
      signIn(new Visitor(), issuer, codeRequest(issuer, CALLBACK), { subject: 'root' }),
    ).rejects.toThrow(/no redirect but 400/);
    const back = await signIn(new Visitor(), issuer, codeRequest(issuer, CALLBACK), { cancel: 'true' });
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'access_denied', state: 'a state' });
  });

  it('a sign-in that another browser has begun', async () => {
    const { issuer } = await start();
    const begun = await new Visitor().open(codeRequest(issuer, CALLBACK).url);
    const page = new URL(begun.headers.get('location') ?? '', issuer).href;
    const response = await new Visitor().submit(page, { subject: 'demo-developer' });
    expect(response.status).toBe(400);
    expect(written.filter((line) => String(line).includes('failed'))).toEqual([]);
  });

  it('requests by another name than its own, which a page elsewhere may have let lead here', async () => {
    const { issuer } = await start();
    const { port } = new URL(issuer);
    const response = await fetch(`http://localhost:${port}/.well-known/openid-configuration`).catch(
      () => undefined,
    );
    // Where `localhost` is ::1 first, nothing listens.
    expect(response?.status ?? 421).toBe(421);
    const named = request(issuer, { path: '/auth', headers: { host: `evil.example:${port}` } });
    named.end();
    const [answer] = (await once(named, 'response')) as [{ statusCode: number }];
    expect(answer.statusCode).toBe(421);
  });

  it.each(['http://[', '//[', '//evil.example/auth'])(
    'an address that cannot be read, or is of another server: %s',
    async (path) => {
      const { issuer } = await start();
      const { port } = new URL(issuer);
      const asked = request({ host: '127.0.0.1', port, path });
      asked.end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      expect(answer.statusCode).toBe(400);
      expect(await text(answer)).toContain(`This is no address of ${issuer}.`);
      expect(written.filter((line) => String(line).includes('failed'))).toEqual([]);
    },
  );

  it('production', async () => {
    await expect(start({ production: true })).rejects.toThrow(/production/);
  });
});

it('has a sign-in page without scripts, in no frame, that says what it is for', async () => {
  const { issuer } = await start();
  const visitor = new Visitor();
  const begun = await visitor.open(codeRequest(issuer, CALLBACK).url);
  const page = await visitor.open(new URL(begun.headers.get('location') ?? '', issuer).href);
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self' http:\/\/127\.0\.0\.1:3999;/,
  );
  expect(policy).toContain("frame-ancestors 'none'");
  const text = await page.text();
  expect(text).toMatch(/for development: there is no password/);
  expect(text).not.toMatch(/<script|https?:\/\//);
});

it('shows its public key alone, and keeps all others in a file for its owner', async () => {
  const { issuer } = await start();
  const metadata = (await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()) as {
    jwks_uri: string;
  };
  const { keys } = (await (await fetch(metadata.jwks_uri)).json()) as { keys: object[] };
  expect(keys).toEqual([expect.not.objectContaining({ d: expect.anything() as unknown })]);
  const file = join(dataDir, 'sign-in-keys.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(JSON.parse(await readFile(file, 'utf8'))).toHaveProperty('signingKey.d');
});

it('has its keys and its port again after a start, so that tokens hold', async () => {
  const first = await start();
  first.remember();
  const { tokens } = await tokensOf(first.issuer);
  // A start that ends since another service has the folder must not take its address away.
  await start();
  for (const server of servers.splice(0)) await server.close();
  const second = await start();
  expect(second.issuer).toBe(first.issuer);
  // The first tries may meet a connection that the first server has closed.
  const caller = await eventually('the keys are there', () =>
    callerOf(second.issuer, tokens.access_token).catch(() => undefined),
  );
  expect(caller).toBe('demo-developer');
});

it.each(['{', '{}', '{"signingKey":{"kid":"a","kty":"EC","crv":"P-256","d":"secret"},"cookieKey":"short"}'])(
  'says what to do about damaged keys, without repeating them: %s',
  async (text) => {
    await writeFile(join(dataDir, 'sign-in-keys.json'), text, { mode: 0o600 });
    await expect(start()).rejects.toThrow(
      /sign-in-keys\.json, which the service generated, is damaged: remove it/,
    );
    await expect(start()).rejects.not.toThrow(/secret/);
  },
);

it('ends the start with what to do where its package is not installed, as in an image', async () => {
  const hooks = `export const resolve = (name, context, next) => {
    if (name === 'oidc-provider') throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' });
    return next(name, context);
  };`;
  const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(url(hooks))});`;
  const program = runProgram('dist/main.js', [], {
    NODE_ENV: 'development',
    NODE_OPTIONS: `--import=${url(register)}`,
    PORT: '0',
    DATA_DIR: dataDir,
    // It is not reached.
    DATABASE_URL: 'postgres://127.0.0.1:9/none',
  });
  expect(await program.exit()).toBe(1);
  expect(program.stderr).toMatch(
    /^oidc-provider, at which people sign in .* run "npm ci" without --omit=dev, or set AUTH_ISSUER and AUTH_AUDIENCE, or AUTH_JWT_SECRET\.\n$/,
  );
});

it('takes another port where the wanted one is in use, unless that was set', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  servers.push(other);
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(start({ port })).rejects.toThrow(
    `Port ${port} on 127.0.0.1 is in use: set AUTH_DEVELOPMENT_PORT to a free port`,
  );
  const { issuer } = await start({ servicePort: port - 1 });
  expect(issuer).not.toContain(String(port));
});
