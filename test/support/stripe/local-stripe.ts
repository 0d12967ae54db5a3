import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** What a restricted key may be allowed here, by Stripe's names. To write implies to read. */
export const PERMISSION = {
  balanceRead: 'rak_balance_read',
  accountRead: 'rak_accounts_kyc_basic_read',
  webhookRead: 'rak_webhook_read',
  webhookWrite: 'rak_webhook_write',
} as const;

export type Permission = (typeof PERMISSION)[keyof typeof PERMISSION];

/** How many webhook endpoints an account may have in a mode. */
export const ENDPOINT_LIMIT = 16;

/** Length of the body of the fault `huge`, without its frame. */
export const HUGE_BYTES = 200 * 1024 * 1024;

/** Comes back in the pages of the fault `html`, to be looked for where it must not be. */
export const PAGE_SAYS = 'words-of-a-page-that-is-not-from-stripe';

/** A request as it came. */
export interface StripeRequest {
  /** The `Request-Id` of its answer. */
  readonly id: string;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The form, decoded, with the names as they were sent: `enabled_events[0]`. */
  readonly body: Readonly<Record<string, string>>;
  /** The API key, if there is any. */
  readonly key: string | undefined;
}

/** What goes wrong with a request. */
export type Fault =
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** A byte of a JSON body every now and then, without an end. */
  | { readonly kind: 'drip' }
  /** A JSON body of {@link HUGE_BYTES}. */
  | { readonly kind: 'huge' }
  /** A page that repeats the key, 200 by default. */
  | { readonly kind: 'html'; readonly status?: number }
  /** Any JSON. */
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** 302 by default. */
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** Resets the connection and does nothing. */
  | { readonly kind: 'reset' }
  /** An error in Stripe's shape that repeats the key. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Does the work, and resets the connection instead of answering. */
  | { readonly kind: 'reset-after' }
  /** Does the work, and answers later. */
  | { readonly kind: 'delay'; readonly ms: number };

/** A webhook endpoint as it is answered, without its secret. */
export interface LocalEndpoint {
  readonly id: string;
  readonly object: 'webhook_endpoint';
  readonly api_version: string | null;
  readonly application: null;
  readonly created: number;
  readonly description: string | null;
  readonly enabled_events: readonly string[];
  readonly livemode: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly status: 'enabled' | 'disabled';
  readonly url: string;
}

/** What there is to say about an endpoint that somebody makes in the Dashboard. */
export type EndpointDetails = Pick<LocalEndpoint, 'url' | 'enabled_events'> &
  Partial<Pick<LocalEndpoint, 'api_version' | 'description' | 'metadata' | 'status'>>;

/** Keys and the account they belong to. */
export interface AccountKeys {
  readonly accountId: string;
  readonly key: string | readonly string[];
  /** What Stripe makes of the keys; follows from their prefix by default. */
  readonly livemode?: boolean;
  /** What restricted keys may do: nothing by default. Other keys may do everything. */
  readonly permissions?: readonly Permission[];
}

interface Caller {
  readonly accountId: string;
  readonly livemode: boolean;
  /** Undefined for keys that are not restricted. */
  readonly permissions: ReadonlySet<Permission> | undefined;
}

/** What an account has in a mode. */
interface Books {
  readonly livemode: boolean;
  /** Newest first. */
  endpoints: LocalEndpoint[];
  /** By idempotency key. */
  readonly first: Map<string, FirstAnswer>;
}

interface FirstAnswer {
  readonly path: string;
  readonly parameters: string;
  readonly answer: Answer;
  running: boolean;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What was done, and what to call once it is answered. */
interface Handled {
  readonly answer: Answer;
  readonly settle: () => void;
}

interface StripeError {
  readonly type: 'invalid_request_error' | 'api_error' | 'idempotency_error' | 'rate_limit_error';
  readonly message: string;
  readonly code?: string;
  readonly param?: string;
}

/** An error answer. Those for parameters that are wrong are not stored for an idempotency key. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly error: StripeError,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(error.message);
  }

  get answer(): Answer {
    return { status: this.status, body: { error: this.error }, headers: this.headers };
  }
}

const WEBHOOK_ENDPOINTS = '/v1/webhook_endpoints';
const LIVE_KEY = /^[a-z]+_live_/;
const RESTRICTED = ['rk', ''].join('_');
const SECRET_PREFIX = ['whsec', ''].join('_');
const DRIP_MS = 100;
const CHUNK_BYTES = 64 * 1024;
const CREATE_PARAMETERS = [
  'url',
  'enabled_events',
  'api_version',
  'connect',
  'description',
  'metadata',
  'expand',
];
const UPDATE_PARAMETERS = ['url', 'enabled_events', 'disabled', 'description', 'metadata', 'expand'];

// The SDK lists what Stripe knows in its types alone.
const SDK_TYPES = readFileSync(
  join(dirname(createRequire(import.meta.url).resolve('stripe')), 'resources/WebhookEndpoints.d.ts'),
  'utf8',
);
const EVENT_TYPES = literalsOf('EnabledEvent');
const API_VERSIONS = literalsOf('ApiVersion');

/**
 * A plain-http server on this machine that stands in for Stripe, for the calls that this project makes.
 * Shapes and statuses are the documented ones; messages are Stripe's as far as they are known. Some of its messages
 * repeat the whole key, where Stripe masks it, so that a leak of a message can be found.
 *
 * Left out: everything else, event delivery, the check that a webhook's URL is reachable, and the day after
 * which Stripe forgets idempotency keys.
 */
export class LocalStripe {
  /** Every request since the start. */
  readonly requests: StripeRequest[] = [];
  /** What goes wrong, with every request or by request. */
  fault: Fault | ((request: StripeRequest) => Fault | undefined) | undefined;
  /** Runs once the work of a request is done, before it is answered. */
  afterHandling: ((request: StripeRequest) => Promise<void> | void) | undefined;

  readonly #server: Server;
  readonly #stopping = new AbortController();
  readonly #callers = new Map<string, Caller>();
  readonly #expired = new Set<string>();
  readonly #books = new Map<string, Books>();
  readonly #secrets = new Map<string, string>();
  #bytesSent = 0;

  private constructor() {
    this.#server = createServer((message, response) => {
      this.#serve(message, response).catch((error: unknown) => {
        // The client left, the server stops, or a function of the test failed, which should be seen.
        if (response.headersSent) response.destroy();
        else send(response, brokenAnswer(500, `the test itself: ${String(error)}`));
      });
    });
  }

  static async start(): Promise<LocalStripe> {
    const stripe = new LocalStripe();
    stripe.#server.listen(0, '127.0.0.1');
    await once(stripe.#server, 'listening');
    return stripe;
  }

  /** `http://127.0.0.1:port` */
  get url(): string {
    const { protocol, host, port } = this.address;
    return `${protocol}://${host}:${port}`;
  }

  /** Where it is, as options of the SDK. */
  get address(): { readonly protocol: 'http'; readonly host: string; readonly port: number } {
    return { protocol: 'http', host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  /** How much of the bodies of the faults `drip` and `huge` was sent so far. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Ends the server, every connection to it and whatever it waits for. May be called again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** Gives an account keys. A key that is known already is changed. */
  addAccount({ accountId, key, livemode, permissions = [] }: AccountKeys): void {
    for (const each of typeof key === 'string' ? [key] : key) {
      this.#callers.set(each, {
        accountId,
        livemode: livemode ?? LIVE_KEY.test(each),
        permissions: each.startsWith(RESTRICTED) ? new Set(permissions) : undefined,
      });
    }
  }

  /** Lets a key be expired from now on. */
  expire(key: string): void {
    this.#expired.add(key);
  }

  /** The endpoints of an account, newest first. */
  endpoints(accountId: string, livemode: boolean): readonly LocalEndpoint[] {
    return [...this.#booksOf(accountId, livemode).endpoints];
  }

  /** Makes an endpoint by hand, as in the Dashboard. */
  addEndpoint(accountId: string, livemode: boolean, details: EndpointDetails): LocalEndpoint {
    const endpoint: LocalEndpoint = {
      id: fakeId('we', 24),
      object: 'webhook_endpoint',
      api_version: null,
      application: null,
      created: Math.floor(Date.now() / 1000),
      description: null,
      livemode,
      metadata: {},
      status: 'enabled',
      ...details,
    };
    this.#secrets.set(endpoint.id, SECRET_PREFIX + randomText(32));
    this.#booksOf(accountId, livemode).endpoints.unshift(endpoint);
    return endpoint;
  }

  /** Disables an endpoint, as in the Dashboard. */
  disable(id: string): void {
    for (const books of this.#books.values()) {
      books.endpoints = books.endpoints.map((each) =>
        each.id === id ? { ...each, status: 'disabled' } : each,
      );
    }
  }

  /** The secret of an endpoint, whoever made it; still there after the endpoint is deleted. */
  secretOf(id: string): string | undefined {
    return this.#secrets.get(id);
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await received(message);
    this.requests.push(request);
    response.setHeader('Request-Id', request.id);
    response.setHeader('Stripe-Version', request.headers['stripe-version'] ?? API_VERSIONS.at(-1) ?? '');
    const fault = typeof this.fault === 'function' ? this.fault(request) : this.fault;
    switch (fault?.kind) {
      case 'hang':
        return;
      case 'reset':
        message.socket.resetAndDestroy();
        return;
      case 'drip':
        return this.#drip(response);
      case 'huge':
        return this.#pour(response);
      case 'html':
        send(response, {
          status: fault.status ?? 200,
          headers: { 'Content-Type': 'text/html' },
          body: `<!doctype html><title>${PAGE_SAYS}</title><p>${request.key ?? ''}</p>`,
        });
        return;
      case 'json':
        send(response, { ...fault, body: JSON.stringify(fault.body) });
        return;
      case 'redirect':
        send(response, { status: fault.status ?? 302, headers: { Location: fault.to }, body: '' });
        return;
      case 'status':
        send(response, brokenAnswer(fault.status, request.key ?? '', fault.headers));
        return;
      default:
    }
    const { answer, settle } = this.#handle(request);
    try {
      await this.afterHandling?.(request);
      if (fault?.kind === 'delay') await delay(fault.ms, undefined, { signal: this.#stopping.signal });
    } finally {
      settle();
    }
    if (fault?.kind === 'reset-after') message.socket.resetAndDestroy();
    else send(response, answer);
  }

  async #drip(response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    const start = '{"object":"dripping","filler":"';
    for (let sent = 0; !response.destroyed; sent++) {
      response.write(start[sent] ?? 'x');
      this.#bytesSent++;
      await delay(DRIP_MS, undefined, { signal: this.#stopping.signal });
    }
  }

  async #pour(response: ServerResponse): Promise<void> {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    // A pipeline asks for the next chunk when the client took the last, and for none once it left.
    await pipeline(Readable.from(this.#hugeBody()), response);
  }

  *#hugeBody(): Generator<Buffer> {
    const filler = Buffer.alloc(CHUNK_BYTES, 'x');
    yield Buffer.from('{"object":"huge","filler":"');
    for (let sent = 0; sent < HUGE_BYTES; sent += CHUNK_BYTES) {
      this.#bytesSent += CHUNK_BYTES;
      yield filler;
    }
    yield Buffer.from('"}');
  }

  #handle(request: StripeRequest): Handled {
    try {
      const caller = this.#caller(request);
      const work = this.#work(request, caller);
      const idempotencyKey = request.headers['idempotency-key'];
      return request.method === 'POST' && typeof idempotencyKey === 'string'
        ? this.#workOnce(request, caller, idempotencyKey, work)
        : { answer: work(), settle: nothing };
    } catch (error) {
      if (error instanceof Refusal) return { answer: error.answer, settle: nothing };
      throw error;
    }
  }

  #workOnce(request: StripeRequest, caller: Caller, key: string, work: () => Answer): Handled {
    const { first } = this.#booksOf(caller.accountId, caller.livemode);
    const { path } = request;
    const parameters = JSON.stringify(Object.entries(request.body).sort());
    const before = first.get(key);
    if (before === undefined) {
      const mine: FirstAnswer = { path, parameters, answer: work(), running: true };
      first.set(key, mine);
      return {
        answer: mine.answer,
        settle: () => {
          mine.running = false;
        },
      };
    }
    if (before.running) {
      throw new Refusal(409, {
        type: 'invalid_request_error',
        code: 'idempotency_key_in_use',
        message:
          `There is currently another in-progress request using this Idempotent Key: ${key} ` +
          '(that probably means you submitted twice, and the other request is still going through).',
      });
    }
    if (before.path !== path) {
      throw idempotencyRefusal(
        `for the same endpoint they were first used for ('${path}' vs '${before.path}')`,
        key,
      );
    }
    if (before.parameters !== parameters) {
      throw idempotencyRefusal('with the same parameters they were first used with', key);
    }
    const { answer } = before;
    return {
      answer: { ...answer, headers: { ...answer.headers, 'Idempotent-Replayed': 'true' } },
      settle: nothing,
    };
  }

  #caller({ key }: StripeRequest): Caller {
    const headers = { 'WWW-Authenticate': 'Bearer realm="Stripe"' };
    if (key === undefined) {
      const message =
        'You did not provide an API key. You need to provide your API key in the Authorization header.';
      throw new Refusal(401, { type: 'invalid_request_error', message }, headers);
    }
    if (this.#expired.has(key)) {
      const message = `Expired API Key provided: ${key}`;
      throw new Refusal(401, { type: 'invalid_request_error', code: 'api_key_expired', message }, headers);
    }
    const caller = this.#callers.get(key);
    if (caller === undefined) {
      throw new Refusal(
        401,
        { type: 'invalid_request_error', message: `Invalid API Key provided: ${key}` },
        headers,
      );
    }
    return caller;
  }

  /** @returns what is to be done, if the key may do it */
  #work(request: StripeRequest, caller: Caller): () => Answer {
    const { method, path } = request;
    const { accountId, livemode } = caller;
    const books = this.#booksOf(accountId, livemode);
    const inCurrency = [{ amount: 0, currency: 'usd', source_types: { card: 0 } }];
    const id = new RegExp(`^${WEBHOOK_ENDPOINTS}/([^/]+)$`).exec(path)?.[1];
    switch (`${method} ${id === undefined ? path : `${WEBHOOK_ENDPOINTS}/:id`}`) {
      case 'GET /v1/balance':
        permit(request, caller, PERMISSION.balanceRead);
        return () => found({ object: 'balance', available: inCurrency, livemode, pending: inCurrency });
      case 'GET /v1/account':
        permit(request, caller, PERMISSION.accountRead);
        return () =>
          found({ id: accountId, object: 'account', charges_enabled: true, country: 'US', type: 'standard' });
      case `GET ${WEBHOOK_ENDPOINTS}`:
        permit(request, caller, PERMISSION.webhookRead, PERMISSION.webhookWrite);
        return () => found(page(books, request.query));
      case `POST ${WEBHOOK_ENDPOINTS}`:
        permit(request, caller, PERMISSION.webhookWrite);
        return () => this.#createEndpoint(accountId, books, request.body);
      case `GET ${WEBHOOK_ENDPOINTS}/:id`:
        permit(request, caller, PERMISSION.webhookRead, PERMISSION.webhookWrite);
        return () => found(endpointOf(books, id));
      case `POST ${WEBHOOK_ENDPOINTS}/:id`:
        permit(request, caller, PERMISSION.webhookWrite);
        return () => updateEndpoint(books, id, request.body);
      case `DELETE ${WEBHOOK_ENDPOINTS}/:id`:
        permit(request, caller, PERMISSION.webhookWrite);
        return () => {
          const gone = endpointOf(books, id);
          books.endpoints = books.endpoints.filter((each) => each !== gone);
          return found({ id: gone.id, object: 'webhook_endpoint', deleted: true });
        };
      default:
        throw new Refusal(404, {
          type: 'invalid_request_error',
          message: `Unrecognized request URL (${method}: ${path}).`,
        });
    }
  }

  #createEndpoint(accountId: string, books: Books, body: StripeRequest['body']): Answer {
    knownParameters(body, CREATE_PARAMETERS);
    const url = validUrl(required(body.url, 'url'), books.livemode);
    const events = required(validEvents(body), 'enabled_events');
    const apiVersion = body.api_version ?? null;
    if (apiVersion !== null && !API_VERSIONS.includes(apiVersion)) {
      throw invalid('api_version', `Invalid Stripe API version: ${apiVersion}`);
    }
    if (books.endpoints.length >= ENDPOINT_LIMIT) {
      const mode = books.livemode ? 'live' : 'test';
      const message = `You have reached the maximum of ${ENDPOINT_LIMIT} ${mode} webhook endpoints.`;
      // Stripe keeps this one for the idempotency key: the parameters were right.
      return new Refusal(400, { type: 'invalid_request_error', message }).answer;
    }
    const endpoint = this.addEndpoint(accountId, books.livemode, {
      url,
      enabled_events: events,
      api_version: apiVersion,
      description: emptyAsNull(body.description),
      metadata: mergedMetadata({}, body),
    });
    return found({ ...endpoint, secret: this.#secrets.get(endpoint.id) });
  }

  #booksOf(accountId: string, livemode: boolean): Books {
    const name = `${accountId} ${livemode ? 'live' : 'test'}`;
    const books = this.#books.get(name) ?? { livemode, endpoints: [], first: new Map<string, FirstAnswer>() };
    this.#books.set(name, books);
    return books;
  }
}

async function received(message: IncomingMessage): Promise<StripeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  const { method = '', url = '', headers } = message;
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
  return {
    id: fakeId('req', 14),
    method,
    url,
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers,
    body: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString('utf8'))),
    key: keyOf(headers.authorization),
  };
}

function keyOf(authorization = ''): string | undefined {
  const [, scheme = '', value = ''] = /^(Bearer|Basic) +(.+)$/i.exec(authorization) ?? [];
  if (scheme.toLowerCase() !== 'basic') return value || undefined;
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0] ?? undefined;
}

/** A body that is a text goes out as it is. */
function send(response: ServerResponse, { status, body, headers }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body, undefined, 2));
}

function brokenAnswer(status: number, key: string, headers: Answer['headers'] = {}): Answer {
  if (status === 429) {
    const message = `Request rate limit exceeded for ${key}.`;
    return new Refusal(status, { type: 'rate_limit_error', code: 'rate_limit', message }, headers).answer;
  }
  const type = status >= 500 ? 'api_error' : 'invalid_request_error';
  return new Refusal(status, { type, message: `Something went wrong with a request of ${key}.` }, headers)
    .answer;
}

/** Any one of the permissions will do; the first is the one that is asked for. */
function permit({ key = '' }: StripeRequest, caller: Caller, ...anyOf: [Permission, ...Permission[]]): void {
  const { permissions, accountId } = caller;
  if (permissions === undefined || anyOf.some((each) => permissions.has(each))) return;
  const prefix = /^[a-z]+_[a-z]+_/.exec(key)?.[0] ?? '';
  const masked = prefix + '*'.repeat(Math.max(0, key.length - prefix.length - 4)) + key.slice(-4);
  throw new Refusal(403, {
    type: 'invalid_request_error',
    message:
      `The provided key '${masked}' does not have the required permissions for this endpoint on account ` +
      `'${accountId}'. Having the '${anyOf[0]}' permission would allow this request to continue.`,
  });
}

function page({ endpoints }: Books, query: StripeRequest['query']): unknown {
  const limit = Number(query.limit ?? 10);
  if (!Number.isInteger(limit)) throw invalid('limit', `Invalid integer: ${query.limit ?? ''}`);
  if (limit < 1) throw invalid('limit', 'This value must be greater than or equal to 1.');
  if (limit > 100) throw invalid('limit', 'This value must be less than or equal to 100.');
  const last = endpoints.findIndex(({ id }) => id === query.starting_after);
  if (query.starting_after !== undefined && last < 0) {
    throw missingEndpoint(400, query.starting_after, 'starting_after');
  }
  const rest = endpoints.slice(last + 1);
  return {
    object: 'list',
    data: rest.slice(0, limit),
    has_more: rest.length > limit,
    url: WEBHOOK_ENDPOINTS,
  };
}

function endpointOf({ endpoints }: Books, id = ''): LocalEndpoint {
  const endpoint = endpoints.find((each) => each.id === id);
  if (endpoint === undefined) throw missingEndpoint(404, id, 'webhook_endpoint');
  return endpoint;
}

function updateEndpoint(books: Books, id: string | undefined, body: StripeRequest['body']): Answer {
  const before = endpointOf(books, id);
  knownParameters(body, UPDATE_PARAMETERS);
  const { disabled } = body;
  if (disabled !== undefined && !['true', 'false'].includes(disabled)) {
    throw invalid('disabled', `Invalid boolean: ${disabled}`);
  }
  const status = disabled === 'true' ? 'disabled' : 'enabled';
  const after: LocalEndpoint = {
    ...before,
    description: body.description === undefined ? before.description : emptyAsNull(body.description),
    enabled_events: validEvents(body) ?? before.enabled_events,
    metadata: mergedMetadata(before.metadata, body),
    status: disabled === undefined ? before.status : status,
    url: body.url === undefined ? before.url : validUrl(body.url, books.livemode),
  };
  books.endpoints = books.endpoints.map((each) => (each === before ? after : each));
  return found(after);
}

function knownParameters(body: StripeRequest['body'], known: readonly string[]): void {
  const param = Object.keys(body).find((name) => !known.includes(name.replace(/\[.*/, '')));
  if (param !== undefined) throw invalid(param, `Received unknown parameter: ${param}`, 'parameter_unknown');
}

function required<T>(value: T | undefined, param: string): T {
  if (value !== undefined && value !== '') return value;
  throw invalid(param, `Missing required param: ${param}.`, 'parameter_missing');
}

function validUrl(url: string, livemode: boolean): string {
  if (!URL.canParse(url)) throw invalid('url', 'Not a valid URL', 'url_invalid');
  const { protocol } = new URL(url);
  if (protocol === 'https:' || (protocol === 'http:' && !livemode)) return url;
  const rule = livemode
    ? 'URLs in livemode must begin with "https://"'
    : 'URLs must begin with http or https.';
  throw invalid('url', `Invalid URL: ${url}. ${rule}`, 'url_invalid');
}

function validEvents(body: StripeRequest['body']): string[] | undefined {
  const events = Object.entries(body).filter(([name]) => name.startsWith('enabled_events'));
  for (const [name, event] of events) {
    if (!EVENT_TYPES.includes(event))
      throw invalid(name, `Invalid ${name}: must be one of ${oneOf(EVENT_TYPES)}`);
  }
  return events.length > 0 ? events.map(([, event]) => event) : undefined;
}

/** An empty value takes a name away, and an empty `metadata` all of them. */
function mergedMetadata(
  before: LocalEndpoint['metadata'],
  body: StripeRequest['body'],
): Record<string, string> {
  const after = new Map(body.metadata === '' ? [] : Object.entries(before));
  for (const [parameter, value] of Object.entries(body)) {
    const name = /^metadata\[(.+)\]$/.exec(parameter)?.[1];
    if (name === undefined) continue;
    if (value === '') after.delete(name);
    else after.set(name, value);
  }
  return Object.fromEntries(after);
}

function emptyAsNull(text = ''): string | null {
  return text === '' ? null : text;
}

function found(body: unknown): Answer {
  return { status: 200, body };
}

function invalid(param: string, message: string, code?: string): Refusal {
  const error = { type: 'invalid_request_error', message, param } as const;
  return new Refusal(400, code === undefined ? error : { ...error, code });
}

function missingEndpoint(status: number, id: string, param: string): Refusal {
  const message = `No such webhook endpoint: '${id}'`;
  return new Refusal(status, { type: 'invalid_request_error', code: 'resource_missing', message, param });
}

function idempotencyRefusal(rule: string, key: string): Refusal {
  return new Refusal(400, {
    type: 'idempotency_error',
    message:
      `Keys for idempotent requests can only be used ${rule}. ` +
      `Try using a key other than '${key}' if you meant to execute a different request.`,
  });
}

function oneOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
}

function literalsOf(type: string): string[] {
  const union = new RegExp(`type ${type} = ([^;]+);`).exec(SDK_TYPES)?.[1];
  if (union === undefined) throw new Error(`the SDK has no type ${type}`);
  return [...union.matchAll(/'([^']+)'/g)].map(([, literal = '']) => literal);
}

function fakeId(prefix: string, length: number): string {
  return `${prefix}_${randomText(length)}`;
}

function randomText(length: number): string {
  return randomBytes(length)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, 'x')
    .slice(0, length);
}

function nothing(): void {
  // There is nothing to settle.
}
