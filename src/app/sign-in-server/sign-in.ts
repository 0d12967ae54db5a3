import { SECRET_TOKEN_HOURS } from '../../payments/http/access/access-token.js';
import { localUrl, type Env } from '../env.js';
import { usualScopes, type SignInClient } from '../settings/sign-in-client-settings.js';
import type { ServiceLogger } from '../service-logger.js';
import {
  DEMO_TOKEN_HOURS,
  DEVELOPMENT_AUDIENCE,
  DEVELOPMENT_CLIENT,
  developmentToken,
} from './development-token.js';
import { startSignInServer, type SignInServer } from './sign-in-server.js';

type DevelopmentAuth = Extract<Env['auth'], { kind: 'development' }>;

/** How callers are known, and people sign in. */
export interface SignIn {
  /** How tokens are verified. */
  auth: Exclude<Env['auth'], DevelopmentAuth> | ReturnType<typeof trustIn>;
  /** As which client the explorer signs people in; undefined where it does not. */
  explorer: SignInClient | undefined;
  /** As which client the page does. */
  page: SignInClient | undefined;
  /** A token of the demo developer; undefined where people come from elsewhere. */
  demoToken: string | undefined;
  /** To be called once the service is ready. */
  remember: () => void;
}

/**
 * What the settings say about it, or else, in development, a sign-in server of the service's own.
 *
 * @param url where the service listens
 * @param opened gets what ends that server
 * @throws ListenError, DataFolderError or SignInServerError
 */
export async function openSignIn(
  env: Env,
  url: string,
  logger: ServiceLogger,
  opened: (() => Promise<void>)[],
): Promise<SignIn> {
  const { auth, docsSignIn: explorer, pageSignIn: page } = env;
  if (auth.kind !== 'development')
    return { auth, explorer, page, demoToken: undefined, remember: () => undefined };
  const starting = startSignInServer({
    production: env.production,
    dataDir: env.dataDir,
    port: auth.port,
    servicePort: env.port,
    bases: basesOf(url, env.publicBaseUrl),
    requiredScope: auth.requiredScope,
    logger,
  });
  // At once, so that one that is still starting is ended, too.
  opened.push(() =>
    starting.then(
      (server) => server.close(),
      () => undefined,
    ),
  );
  const server = await starting;
  const client = (of: 'explorer' | 'page'): SignInClient => ({
    clientId: DEVELOPMENT_CLIENT,
    scopes: usualScopes(of, auth.requiredScope),
  });
  return {
    auth: trustIn(server, auth),
    explorer: client('explorer'),
    page: client('page'),
    demoToken: demoToken(server, auth),
    remember: server.remember,
  };
}

/** Where page and explorer are reached: by the address that the service prints, by the names of this machine, and by the public one. */
function basesOf(url: string, publicBaseUrl: string | undefined): string[] {
  const { port } = new URL(url);
  const own = [url, localUrl(Number(port)), `http://127.0.0.1:${port}`];
  return [...new Set(publicBaseUrl === undefined ? own : [...own, publicBaseUrl.replace(/\/$/, '')])];
}

/** The settings by which the service trusts that server: those of any identity provider. */
function trustIn({ issuer }: SignInServer, { requiredScope, scopeClaims, maxTokenHours }: DevelopmentAuth) {
  return {
    kind: 'issuer' as const,
    issuer,
    audience: DEVELOPMENT_AUDIENCE,
    audienceClaim: 'aud' as const,
    jwksUri: undefined,
    requiredScope,
    scopeClaims,
    // The token of the banner is valid for a month.
    maxTokenHours: maxTokenHours ?? SECRET_TOKEN_HOURS,
  };
}

/** Valid for a month, or as long as the settings allow. */
function demoToken(
  { keys, issuer }: SignInServer,
  { requiredScope, maxTokenHours }: DevelopmentAuth,
): string {
  const hours = Math.min(DEMO_TOKEN_HOURS, maxTokenHours ?? DEMO_TOKEN_HOURS);
  return developmentToken(keys, issuer, { scope: requiredScope, hours });
}
