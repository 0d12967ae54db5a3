import { createSecretKey } from 'node:crypto';
import {
  Module,
  type INestApplication,
  type LoggerService,
  type ModuleMetadata,
  type NestApplicationOptions,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { TypeOrmModule, type TypeOrmModuleOptions } from '@nestjs/typeorm';
import { PaymentsModule, type PaymentsModuleOptions } from '../../src/index.js';
import { paymentsEntities, paymentsMigrations } from '../../src/typeorm.js';
import type { TestDatabase } from '../support/database.js';
import {
  TEST_PUBLIC_URL,
  TEST_SECRET,
  testClient,
  testKeyRing,
  type TestClient,
} from '../support/service.js';
import {
  CatalogController,
  CreateShops1700000000000,
  NeighbourController,
  OrderController,
  Shop,
  Shops,
  ShopStrategy,
} from './shop.js';

export const ADAPTERS = { express: ExpressAdapter, fastify: FastifyAdapter };
export type AdapterName = keyof typeof ADAPTERS;

export interface HostOptions extends Pick<ModuleMetadata, 'imports' | 'providers'> {
  /** By its name, or one that something was done to. */
  adapter: AdapterName | ExpressAdapter | FastifyAdapter;
  database: TestDatabase;
  application?: NestApplicationOptions;
  /** Default: nothing is logged. */
  logger?: LoggerService;
  /** What the host does in its `main.ts` before it listens. */
  prepare?: (app: INestApplication) => void | Promise<void>;
  /** In front of all its routes. */
  prefix?: string;
  /** The version of its own routes: what they have between prefix and path, or what {@link versionHeaders} take. */
  version?: string;
  /** How a version is asked for that stands in no address. */
  versionHeaders?: (version: string) => Record<string, string>;
}

/** A larger application that has taken the payments module in. */
export interface Host {
  app: INestApplication;
  /** With its prefix. */
  url: string;
  /** For the routes of the payments module. */
  ours: TestClient;
  /** For the host's own. */
  own: Pick<TestClient, 'request'>;
  /** The same, for any version. */
  ownAt(version: string): Pick<TestClient, 'request'>;
  stop(): Promise<void>;
}

/** All hosts on one database must have the same ring, which the module watches over. */
export const HOST_RING = testKeyRing();

/** What a host usually gives the payments module. */
export function paymentsOptions(changes: Partial<PaymentsModuleOptions> = {}): PaymentsModuleOptions {
  return {
    keyRing: HOST_RING,
    projects: Shops,
    auth: { secret: createSecretKey(TEST_SECRET) },
    publicBaseUrl: TEST_PUBLIC_URL,
    stripeApiBase: 'http://127.0.0.1:9',
    ...changes,
  };
}

/** A data source of a host that has the payments module's tables, and its own if it is the one without a name. */
export function dataSourceFor({ url }: Pick<TestDatabase, 'url'>, name?: string): TypeOrmModuleOptions {
  const isOwn = name === undefined;
  return {
    type: 'postgres',
    url,
    ...(name !== undefined && { name }),
    entities: [...paymentsEntities, ...(isOwn ? [Shop] : [])],
    migrations: [...paymentsMigrations, ...(isOwn ? [CreateShops1700000000000] : [])],
    migrationsRun: true,
    migrationsTransactionMode: 'each',
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    retryAttempts: 0,
  };
}

@Module({})
class ShopModule {}

/** Starts a host; with no other imports, it has the payments module as {@link paymentsOptions} has it. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { adapter, database, prefix = '', version = '' } = options;
  const shop = {
    module: ShopModule,
    imports: [
      TypeOrmModule.forRoot(dataSourceFor(database)),
      ...(options.imports ?? [PaymentsModule.forRoot(paymentsOptions())]),
    ],
    controllers: [OrderController, CatalogController, NeighbourController],
    providers: [Shops, ShopStrategy, ...(options.providers ?? [])],
  };
  const app = await NestFactory.create(
    shop,
    typeof adapter === 'string' ? new ADAPTERS[adapter]() : adapter,
    {
      logger: options.logger ?? false,
      abortOnError: false,
      ...options.application,
    },
  );
  if (prefix !== '') app.setGlobalPrefix(prefix);
  await options.prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const url = (await app.getUrl()) + prefix;
  const ownAt = (wanted: string): Pick<TestClient, 'request'> => {
    if (options.versionHeaders === undefined) return testClient(url + wanted);
    const versionHeaders = options.versionHeaders(wanted);
    return {
      request: (method, path, { headers, ...rest } = {}) =>
        testClient(url).request(method, path, { ...rest, headers: { ...versionHeaders, ...headers } }),
    };
  };
  return {
    app,
    url,
    ours: {
      ...testClient(url),
      createProject: (subject = 'alice', name = 'Shop') => app.get(Shops).open(subject, name),
    },
    own: ownAt(version),
    ownAt,
    stop: () => app.close(),
  };
}
