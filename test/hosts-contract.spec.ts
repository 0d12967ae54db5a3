import { VersioningType, type INestApplication } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import rawBody from 'fastify-raw-body';
import { expectNestError, expectShopError } from './hosts/answers.js';
import { itIsAGoodGuest, itKeepsTheContract, type HostManners } from './hosts/contract.js';
import { ShopFilter, strictPipe } from './hosts/shop.js';
import { ADAPTERS, startHost, type AdapterName, type HostOptions } from './hosts/start-host.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { startTestService, type TestService } from './support/service.js';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

type Variant = Omit<HostOptions, 'adapter' | 'database'> & { manners?: Partial<HostManners> };

const versioned = (app: INestApplication) => {
  app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
};

/** As hosts do that want other limits. */
function ownParsers(app: INestApplication): void {
  if (app.getHttpAdapter().getType() === 'fastify') {
    const fastify = app as NestFastifyApplication;
    fastify.useBodyParser('application/json', { bodyLimit: 1_000_000 });
    fastify.useBodyParser('application/x-www-form-urlencoded', { bodyLimit: 1_000_000 });
  } else {
    const express = app as NestExpressApplication;
    express.useBodyParser('json', { limit: '1mb', strict: false });
    express.useBodyParser('urlencoded', { limit: '1mb', extended: true });
  }
}

const VARIANTS: Record<string, Variant> = {
  'as Nest makes it': {},
  'with a global prefix': { prefix: '/shop/api' },
  'with versions in its addresses': {
    version: '/v1',
    prepare: versioned,
    manners: { catalogVersion: '/v2' },
  },
  'with versions in a header': {
    version: '1',
    versionHeaders: (version) => ({ 'x-version': version }),
    prepare: (app) => {
      app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version', defaultVersion: '1' });
    },
    manners: { catalogVersion: '2' },
  },
  'with versions in the media type': {
    version: '1',
    versionHeaders: (version) => ({ accept: `application/json;v=${version}` }),
    prepare: (app) => {
      app.enableVersioning({ type: VersioningType.MEDIA_TYPE, key: 'v=', defaultVersion: '1' });
    },
    manners: { catalogVersion: '2' },
  },
  'with body parsers of its own': { application: { bodyParser: false }, prepare: ownParsers },
  'that wants raw bodies': { application: { rawBody: true }, manners: { keepsRawBodies: true } },
  'that is strict, speaks its own way, and has all of that': {
    prefix: '/shop/api',
    version: '/v1',
    application: { rawBody: true },
    prepare(app) {
      versioned(app);
      app.useGlobalPipes(strictPipe());
      app.useGlobalFilters(app.get(ShopFilter));
    },
    providers: [ShopFilter],
    manners: {
      catalogVersion: '/v2',
      keepsRawBodies: true,
      expectOwnError: expectShopError,
      refusesOrdersWith: 409,
    },
  },
};

describe.each(Object.keys(ADAPTERS) as AdapterName[])('in a host on %s', (adapter) => {
  describe.each(Object.entries(VARIANTS))('%s,', (_, { manners, ...variant }) => {
    itIsAGoodGuest(() => startHost({ adapter, database, ...variant }), {
      expectOwnError: expectNestError,
      ...manners,
    });
  });
});

describe.each<[string, object]>([
  ['as it is by default', {}],
  ['before everything else', { runFirst: true }],
])('in a host that registers fastify-raw-body for all routes, %s,', (_, options) => {
  const prepare = async (app: INestApplication) => {
    await (app as NestFastifyApplication).register(rawBody, options);
  };
  itIsAGoodGuest(() => startHost({ adapter: 'fastify', database, prepare }), {
    expectOwnError: expectNestError,
    keepsRawBodies: true,
  });
});

describe('the standalone service', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.stop());

  itKeepsTheContract(() => service);
});
