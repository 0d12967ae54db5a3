import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RequestMethod, type CanActivate, type Type } from '@nestjs/common';
import { GUARDS_METADATA, METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { JwtAuthGuard } from '../src/payments/http/access/jwt-auth.guard.js';
import { ProjectOwnershipGuard } from '../src/payments/http/access/project-ownership.guard.js';
import { expectError } from './support/errors.js';
import { startTestService, type TestService } from './support/service.js';

/** For Stripe, whose signature stands for a token. */
const WEBHOOKS = ['WebhookController.receive', 'WebhookSlashController.receive'];

/** Handlers that need no token. What is not in this list needs one. */
const PUBLIC = ['HealthController.live', 'HealthController.ready', ...WEBHOOKS];

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const PROJECT_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';

interface Handler {
  module: string;
  /** Class and method. */
  name: string;
  /** Method and path, as Fastify has them. */
  route: string;
  /** In the order in which they are asked. */
  guards: unknown[];
}

let service: TestService;
let handlers: Handler[];
const routes: string[] = [];

beforeAll(async () => {
  service = await startTestService({ prepare: collectRoutes });
  handlers = [...handlersOf(service.app)];
});
afterAll(() => service.stop());

function collectRoutes(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', ({ method, url }) => {
      for (const each of [method].flat()) routes.push(`${each} ${url}`);
    });
}

function* handlersOf(app: NestFastifyApplication): Generator<Handler> {
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      if (typeof metatype === 'function') yield* handlersIn(metatype as Type, module.name);
    }
  }
}

function* handlersIn(controller: Type, module: string): Generator<Handler> {
  const prototype = controller.prototype as Record<string, object>;
  // The module's controllers inherit their handlers.
  for (const name of new MetadataScanner().getAllMethodNames(prototype)) {
    const handler = prototype[name] ?? {};
    const path = Reflect.getMetadata(PATH_METADATA, handler) as string | undefined;
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (path === undefined || method === undefined) continue;
    const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string;
    const isBehindSlash = prefix.endsWith('//');
    const segments = [prefix, path].flatMap((part) => part.split('/')).filter((segment) => segment !== '');
    yield {
      module,
      name: `${controller.name}.${name}`,
      route: `${RequestMethod[method]} /${segments.join('/')}${isBehindSlash ? '/' : ''}`,
      guards: [...guardsOf(controller), ...guardsOf(handler)],
    };
  }
}

function guardsOf(target: object): Type<CanActivate>[] {
  return (Reflect.getMetadata(GUARDS_METADATA, target) ?? []) as Type<CanActivate>[];
}

const namesOf = (some: Handler[]) => some.map(({ name }) => name).sort();
const guarded = () => handlers.filter(({ name }) => !PUBLIC.includes(name));
/** What the paths do not offer, which answers 405 to everybody. */
const otherMethods = () => {
  const offered = new Set(handlers.map(({ route }) => route));
  const paths = new Set(handlers.map(({ route }) => route.replace(/^\w+ /, '')));
  return [...paths].flatMap((path) =>
    METHODS.map((method) => `${method} ${path}`).filter((route) => !offered.has(route)),
  );
};

/** Sends a request without a token to a route. */
function send(route: string, subject: string | null = null) {
  const [method = '', path = ''] = route.split(' ');
  return service.request(method, path.replaceAll(/:\w+/g, PROJECT_ID), { subject });
}

describe('every route', () => {
  it('belongs to a handler or answers 405, and every handler has its route', () => {
    expect(handlers.length).toBeGreaterThan(10);
    // Fastify adds a HEAD to each GET.
    const withoutHead = routes.filter((route) => !route.startsWith('HEAD '));
    const expected = [...handlers.map(({ route }) => route), ...otherMethods()];
    expect(withoutHead.toSorted()).toEqual(expected.sort());
  });

  it('is public by name, or has the token checked before anything else', () => {
    expect(namesOf(guarded().filter(({ guards }) => guards[0] !== JwtAuthGuard))).toEqual([]);
  });

  it('that is public by name exists and has no guard', () => {
    const open = handlers.filter(({ guards }) => guards.length === 0);
    expect(namesOf(open)).toEqual(PUBLIC);
  });

  it('of the payments module that names a project has its owner checked right after the token', () => {
    const named = handlers.filter(
      (handler) =>
        handler.module === 'PaymentsModule' &&
        !WEBHOOKS.includes(handler.name) &&
        handler.route.includes(':project_id'),
    );
    expect(named.length).toBeGreaterThanOrEqual(14);
    expect(
      namesOf(
        named.filter(({ guards }) => guards[0] !== JwtAuthGuard || guards[1] !== ProjectOwnershipGuard),
      ),
    ).toEqual([]);
  });

  it('below the payments module’s base path is the payments module’s', () => {
    const elsewhere = handlers.filter(
      ({ module, route }) => route.includes('/payments') && module !== 'PaymentsModule',
    );
    expect(namesOf(elsewhere)).toEqual([]);
  });
});

describe('without a token', () => {
  it('every route that is not public answers 401', async () => {
    for (const { route } of guarded()) {
      const response = await send(route);
      expect([route, response.status]).toEqual([route, 401]);
      expectError(response, 401, 'not_authenticated');
    }
  });

  it('every HEAD that is not public answers 401 as well', async () => {
    const open = [
      ...handlers.filter(({ name }) => PUBLIC.includes(name)).map(({ route }) => route),
      ...otherMethods(),
    ].map((route) => route.replace('GET', 'HEAD'));
    const heads = routes.filter((route) => route.startsWith('HEAD ') && !open.includes(route));
    expect(heads.length).toBeGreaterThan(0);
    for (const route of heads) expect([route, (await send(route)).status]).toEqual([route, 401]);
  });

  it('every public route answers', async () => {
    for (const { name, route } of handlers.filter((handler) => PUBLIC.includes(handler.name))) {
      expect([route, (await send(route)).status]).toEqual([route, WEBHOOKS.includes(name) ? 404 : 200]);
    }
  });

  it('every method that is not offered answers 405, with a token and without', async () => {
    expect(otherMethods().length).toBeGreaterThan(0);
    for (const route of otherMethods()) {
      for (const subject of [null, 'alice']) {
        const response = await send(route, subject);
        expect([route, response.status]).toEqual([route, 405]);
        expectError(response, 405, 'method_not_allowed');
      }
    }
  });
});

it.each(['/health/live', '/health/ready', '/api/v1/projects', '/api/v1/payments/projects', '/nowhere'])(
  'forbids to store the answer of %s',
  async (path) => {
    const { headers } = await service.request('GET', path);
    expect(headers.get('cache-control')).toBe('no-store');
  },
);
