import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import type { Provider } from 'oidc-provider';
import { reachDirectly } from '../../payments/common/outbound-proxy.js';
import { describeError } from '../../payments/common/describe-error.js';
import { ListenError, listenOn } from '../listen-on.js';
import type { ServiceLogger } from '../service-logger.js';
import { issuerAt } from './development-token.js';
import { loadProvider } from './load-provider.js';
import { errorPage, pageHeaders, signInPage } from './pages.js';
import { DEMO_PEOPLE } from './people.js';
import { originsOf, providerOptions, type SignInServerParts } from './provider-options.js';
import { rememberPort, signInKeys, wantedPort, type SignInKeys } from './sign-in-keys.js';

const HOST = '127.0.0.1';
/** Longest form that is read, in characters. */
const MAX_FORM = 1_000;

/** What is needed to start the sign-in server. */
export interface SignInServerOptions extends Omit<SignInServerParts, 'keys'> {
  /** It never runs in production. */
  production: boolean;
  dataDir: string;
  /** The setting; without, another one is taken where the wanted one is in use. */
  port: number | undefined;
  servicePort: number;
  logger: ServiceLogger;
}

/** The OpenID server of development, listening. */
export interface SignInServer {
  /** The `iss` of its tokens, and its address. */
  issuer: string;
  keys: SignInKeys;
  /** Lets the next start take the same port. To be called once this start has succeeded, since another service may have the folder. */
  remember: () => void;
  close(): Promise<void>;
}

/**
 * Starts the OAuth 2.0 and OpenID server of development: a real one, which the service trusts as it trusts any issuer. It listens on
 * the loopback alone, since whoever reaches it can be anybody.
 *
 * @throws ListenError, DataFolderError or SignInServerError, whose messages say what to do
 */
export async function startSignInServer(options: SignInServerOptions): Promise<SignInServer> {
  const { production, dataDir, port, servicePort, logger } = options;
  if (production) throw new Error('The sign-in server of development does not run in production.');
  const keys = signInKeys(dataDir);
  const { Provider: OpenIdProvider } = await loadProvider();
  let answer = (_request: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(503).end();
  };
  const server = createServer((request, response) => {
    answer(request, response);
  });
  await listen(server, wantedPort(dataDir, port, servicePort), port !== undefined);
  const { port: actual } = server.address() as AddressInfo;
  const issuer = issuerAt(actual);
  const provider = new OpenIdProvider(issuer, providerOptions({ ...options, keys }, actual));
  provider.on('server_error', (_ctx, error) => {
    logger.write('sign_in_server.failed', describeError(error));
  });
  answer = handlerOf(provider, issuer, originsOf(options.bases), logger);
  // A proxy cannot reach the loopback of this machine.
  reachDirectly(issuer);
  logger.write('sign_in_server.listening', { url: issuer });
  const remember = (): void => {
    rememberPort(dataDir, actual);
  };
  return { issuer, keys, remember, close: () => close(server) };
}

async function listen(server: Server, port: number, isGiven: boolean): Promise<void> {
  const settings = { port: 'AUTH_DEVELOPMENT_PORT', host: 'AUTH_DEVELOPMENT_PORT' };
  try {
    await listenOn(server, { port, host: HOST }, settings);
  } catch (error) {
    if (isGiven || !(error instanceof ListenError)) throw error;
    await listenOn(server, { port: 0, host: HOST }, settings);
  }
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

function handlerOf(provider: Provider, issuer: string, origins: readonly string[], logger: ServiceLogger) {
  const oidc = provider.callback();
  const { host } = new URL(issuer);
  const show = (response: ServerResponse, status: number, body: string): void => {
    response.writeHead(status, pageHeaders(origins)).end(body);
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    // A page elsewhere whose name leads to this machine (DNS rebinding) must not sign anybody in.
    if (request.headers.host !== host) {
      show(response, 421, errorPage('invalid_request', `This server is reached at ${issuer} alone.`));
    } else if (!isAddressOf(issuer, request.url)) {
      show(response, 400, errorPage('invalid_request', `This is no address of ${issuer}.`));
    } else if (request.url?.startsWith('/interaction/') === true) {
      choosePerson(provider, request, response, show).catch((error: unknown) => {
        const isTheirs = error instanceof Error && error.name === 'SessionNotFound';
        if (!isTheirs) logger.write('sign_in_server.failed', describeError(error));
        show(
          response,
          isTheirs ? 400 : 500,
          errorPage('invalid_request', 'This sign-in is over, or is another browser’s.'),
        );
      });
    } else {
      void oidc(request, response);
    }
  };
}

/** Programs may ask for whole addresses, also for those that no URL can be made of. */
function isAddressOf(issuer: string, target = '/'): boolean {
  return URL.canParse(target, issuer) && new URL(target, issuer).origin === issuer;
}

/** Shows the sign-in page, or takes what was chosen on it. */
async function choosePerson(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  show: (response: ServerResponse, status: number, body: string) => void,
): Promise<void> {
  const { prompt } = await provider.interactionDetails(request, response);
  if (prompt.name !== 'login') {
    await provider.interactionFinished(request, response, { consent: {} });
    return;
  }
  if (request.method !== 'POST') {
    show(response, 200, signInPage());
    return;
  }
  const form = new URLSearchParams(await formOf(request));
  const person = DEMO_PEOPLE.find(({ subject }) => subject === form.get('subject'));
  if (person === undefined && !form.has('cancel')) {
    show(response, 400, signInPage());
    return;
  }
  await provider.interactionFinished(
    request,
    response,
    person === undefined
      ? { error: 'access_denied', error_description: 'The sign-in was cancelled.' }
      : { login: { accountId: person.subject } },
    { mergeWithLastSubmission: false },
  );
}

async function formOf(request: IncomingMessage): Promise<string> {
  return Number(request.headers['content-length']) <= MAX_FORM ? text(request) : '';
}
