import { createSecretKey, randomBytes } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import jsonwebtoken, { type SignOptions } from 'jsonwebtoken';
import type { Pool } from 'pg';
import type { DestinationStream } from 'pino';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { DatabaseConnection } from '../../src/app/database-connection.js';
import type { LogLevel } from '../../src/app/env.js';
import { createServer } from '../../src/app/server.js';
import { KeyRing, ringKey } from '../../src/payments/crypto/key-ring.js';
import type { AccessTokenOptions } from '../../src/payments/options/payments.options.js';
import { TimeLimits } from '../../src/payments/options/time-limits.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { eventually } from './eventually.js';

/** The HS256 secret of the test services; a text, so that it can be a setting. */
export const TEST_SECRET = Buffer.from(randomBytes(36).toString('base64'));

/** Longest that a connection of the pool is waited for, in milliseconds. */
const BUSY_MACHINE_MS = 20_000;

/** What the test services take for their public address. */
export const TEST_PUBLIC_URL = 'https://payments.example.test';

export interface TestServiceOptions {
  /** Default: an empty one, dropped at the end. */
  database?: TestDatabase;
  /** Address to reach the database by, when not its own (a proxy). */
  databaseUrl?: string;
  /** Listens before the database is reached, which it goes on trying. Default: false. */
  isDatabaseAway?: boolean;
  /** Default: HS256 with {@link TEST_SECRET}. */
  auth?: AccessTokenOptions;
  keyRing?: KeyRing;
  /** Default: an address where nothing answers. */
  stripeApiBase?: string;
  /** Default: 24. */
  webhookSecretOverlapHours?: number;
  /** Default: 45. */
  eventRetentionDays?: number;
  /** Default: false. */
  eraseEventsOnDelete?: boolean;
  /** Default: 250. */
  maxProjectsPerOwner?: number;
  /** Default: none. */
  requestIdHeader?: string;
  /** Default: nothing of its requests. */
  observed?: { metrics: boolean; traces: boolean };
  logLevel?: LogLevel;
  logDestination?: DestinationStream;
  /** Changes the application before it listens. */
  prepare?: (app: NestFastifyApplication) => void;
}

/** What specs ask of a running service, in this process or in another. */
export interface TestClient {
  /** Sends a request as a subject (default `alice`; null: without a token); a body that is no text or bytes goes as JSON. */
  request(method: string, path: string, options?: RequestOptions): Promise<TestResponse>;
  /** Makes a project and returns its id. */
  createProject(subject?: string, name?: string): Promise<string>;
}

/** The service in this process, listening on a free port of the loopback. */
export interface TestService extends TestClient {
  url: string;
  app: NestFastifyApplication;
  database: TestDatabase;
  stop(): Promise<void>;
}

export interface RequestOptions {
  subject?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface TestResponse {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined when it is empty or something else. */
  json: unknown;
}

export function toTestResponse(status: number, headers: Headers, text: string): TestResponse {
  const isJson = /[/+]json\b/.test(headers.get('content-type') ?? '');
  return { status, headers, text, json: isJson && text !== '' ? JSON.parse(text) : undefined };
}

/** Another path of a project: `projectPath(id, 'events')`. */
export function projectPath(projectId: string, rest: string): string {
  return `/api/v1/payments/stripe/projects/${projectId}/${rest}`;
}

export function webhookPath(projectId: string, mode: string): string {
  return `/api/v1/payments/stripe/webhooks/${projectId}/${mode}`;
}

export function configPath(projectId: string): string {
  return `/api/v1/payments/stripe/projects/${projectId}/config`;
}

/** A token as the test services accept it. */
export function testToken(subject: string, claims: object = {}, options: SignOptions = {}): string {
  return jsonwebtoken.sign(claims, TEST_SECRET, { algorithm: 'HS256', expiresIn: '1h', subject, ...options });
}

export function testKeyRing(): KeyRing {
  return new KeyRing([ringKey(randomBytes(32), 'active')]);
}

/** @param url of a service that knows {@link TEST_SECRET} */
export function testClient(url: string): TestClient {
  async function request(
    method: string,
    path: string,
    { subject = 'alice', body, headers = {} }: RequestOptions = {},
  ): Promise<TestResponse> {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(subject !== null && { authorization: `Bearer ${testToken(subject)}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && {
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
    });
    return toTestResponse(response.status, response.headers, await response.text());
  }

  return {
    request,
    async createProject(subject = 'alice', name = 'Shop') {
      const { json } = await request('POST', '/api/v1/projects', { subject, body: { name } });
      return (json as { id: string }).id;
    },
  };
}

/** Shortens how long a test service waits for others; without limits, it waits as long as it does in production. */
export function setTimeLimits({ app }: TestService, limits: Partial<TimeLimits> = {}): void {
  Object.assign(app.get(TimeLimits), new TimeLimits(), limits);
}

/**
 * A machine that is busy with other specs is no database that is down: the pool may take longer to connect than it may in
 * production. What comes of a database that is down is tried by way of a proxy, or with a service in a process of its own.
 */
async function waitForDatabase(app: NestFastifyApplication): Promise<void> {
  const dataSource = app.get(DataSource);
  await eventually('the service has opened its database', () => dataSource.isInitialized);
  const pool = (dataSource.driver as PostgresDriver).master as Pool;
  pool.options.connectionTimeoutMillis = BUSY_MACHINE_MS;
}

export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const database = options.database ?? (await createTestDatabase());
  const app = await createServer({
    databaseUrl: options.databaseUrl ?? database.url,
    keyRing: options.keyRing ?? testKeyRing(),
    auth: options.auth ?? { secret: createSecretKey(TEST_SECRET) },
    publicBaseUrl: TEST_PUBLIC_URL,
    stripeApiBase: options.stripeApiBase ?? 'http://127.0.0.1:9',
    webhookSecretOverlapHours: options.webhookSecretOverlapHours,
    eventRetentionDays: options.eventRetentionDays,
    eraseEventsOnDelete: options.eraseEventsOnDelete,
    ...(options.maxProjectsPerOwner !== undefined && { maxProjectsPerOwner: options.maxProjectsPerOwner }),
    requestIdHeader: options.requestIdHeader,
    ...(options.observed && { observed: options.observed }),
    logLevel: options.logLevel ?? 'silent',
    ...(options.logDestination && { logDestination: options.logDestination }),
  });
  options.prepare?.(app);
  const opened = app.get(DatabaseConnection).open();
  if (options.isDatabaseAway !== true) await opened;
  if (options.databaseUrl === undefined) await waitForDatabase(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();

  return {
    url,
    app,
    database,
    ...testClient(url),
    async stop() {
      await app.close();
      if (options.database === undefined) await database.drop();
    },
  };
}
