import { createSecretKey, randomBytes } from 'node:crypto';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import jsonwebtoken, { type SignOptions } from 'jsonwebtoken';
import type { DestinationStream } from 'pino';
import { DatabaseConnection } from '../../src/app/database-connection.js';
import type { LogLevel } from '../../src/app/env.js';
import { createServer } from '../../src/app/server.js';
import { KeyRing, ringKey } from '../../src/payments/crypto/key-ring.js';
import type { AccessTokenOptions } from '../../src/payments/payments.options.js';
import { createTestDatabase, type TestDatabase } from './database.js';

/** The HS256 secret of the test services. */
export const TEST_SECRET = randomBytes(48);

export interface TestServiceOptions {
  /** Default: an empty one, dropped at the end. */
  database?: TestDatabase;
  /** Address to reach the database by, when not its own (a proxy). */
  databaseUrl?: string;
  /** Default: HS256 with {@link TEST_SECRET}. */
  auth?: AccessTokenOptions;
  keyRing?: KeyRing;
  logLevel?: LogLevel;
  logDestination?: DestinationStream;
  /** Changes the application before it listens. */
  prepare?: (app: NestFastifyApplication) => void;
}

/** The service in this process, listening on a free port of the loopback. */
export interface TestService {
  url: string;
  app: NestFastifyApplication;
  database: TestDatabase;
  /** Sends a request as a subject (default `alice`; null: without a token); a body that is no string goes as JSON. */
  request(method: string, path: string, options?: RequestOptions): Promise<TestResponse>;
  /** Makes a project and returns its id. */
  createProject(subject?: string, name?: string): Promise<string>;
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
  /** The body as JSON; undefined when it is empty. */
  json: unknown;
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

export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const database = options.database ?? (await createTestDatabase());
  const app = await createServer({
    databaseUrl: options.databaseUrl ?? database.url,
    keyRing: options.keyRing ?? testKeyRing(),
    auth: options.auth ?? { secret: createSecretKey(TEST_SECRET) },
    logLevel: options.logLevel ?? 'silent',
    ...(options.logDestination && { logDestination: options.logDestination }),
  });
  options.prepare?.(app);
  await app.get(DatabaseConnection).open();
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();

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
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: text === '' ? undefined : JSON.parse(text) };
  }

  return {
    url,
    app,
    database,
    request,
    async createProject(subject = 'alice', name = 'Shop') {
      const { json } = await request('POST', '/api/v1/projects', { subject, body: { name } });
      return (json as { id: string }).id;
    },
    async stop() {
      await app.close();
      if (options.database === undefined) await database.drop();
    },
  };
}
