import { randomUUID } from 'node:crypto';
import type { CanActivate, ExecutionContext, LoggerService } from '@nestjs/common';
import {
  PaymentsModule,
  ProjectAccess,
  StripeConfigService,
  type HostId,
  type OwnedProjects,
} from '../src/index.js';
import { expectOurError } from './hosts/answers.js';
import { ADAPTERS, paymentsOptions, startHost, type AdapterName, type Host } from './hosts/start-host.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { configPath } from './support/service.js';

let database: TestDatabase;
let host: Host;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** Signs everybody in, with whatever the test says as their id. */
class SomebodyGuard implements CanActivate {
  constructor(public id: unknown) {}

  canActivate(context: ExecutionContext): boolean {
    context.switchToHttp().getRequest<{ user?: object }>().user = { id: this.id };
    return true;
  }
}

/** Every project has one owner. */
class OneOwner extends ProjectAccess {
  constructor(
    private readonly id: string,
    public owner: unknown,
  ) {
    super();
  }

  override findOwner(): Promise<HostId> {
    return Promise.resolve(this.owner as HostId);
  }

  override listOwnedBy(): Promise<OwnedProjects> {
    const project = { id: this.id, name: 'Tea', description: null, isActive: true, createdAt: new Date(0) };
    return Promise.resolve({ projects: [project], total: 1 });
  }
}

describe.each(Object.keys(ADAPTERS) as AdapterName[])('callers of a host on %s', (adapter) => {
  const projectId = randomUUID();
  const guard = new SomebodyGuard(1);
  const projects = new OneOwner(projectId, 1);
  const log: Record<string, unknown>[] = [];
  const write = (line: unknown) => {
    if (typeof line === 'object') log.push(line as Record<string, unknown>);
  };
  const logger: LoggerService = { log: () => undefined, warn: write, error: write };

  beforeAll(async () => {
    const imports = [PaymentsModule.forRoot(paymentsOptions({ projects, auth: { guard } }))];
    host = await startHost({ adapter, database, imports, logger });
  });
  afterAll(() => host.stop());
  beforeEach(() => {
    log.length = 0;
  });

  const ask = (method: string, path = configPath(projectId)) => {
    const test_publishable_key = fakeCredential('test_publishable_key', randomUUID());
    return host.ours.request(method, path, {
      subject: null,
      ...(method === 'PUT' && { body: { test_publishable_key } }),
    });
  };

  const lastChange = async () => {
    const { json } = await ask('GET', `${configPath(projectId)}/history?limit=1`);
    return (json as { changes: unknown[] }).changes[0];
  };

  it.each<[unknown, unknown]>([
    [1, 1],
    [1, '1'],
    ['1', 1],
    [1n, 1],
    [2n ** 63n, '9223372036854775808'],
  ])('have the key %p where the owner is %p', async (id, owner) => {
    Object.assign(guard, { id });
    Object.assign(projects, { owner });
    expect((await ask('PUT')).status).toBe(200);
    expect(await lastChange()).toMatchObject({ actor: String(id) });
    expect((await ask('GET', '/api/v1/payments/projects')).json).toMatchObject({
      projects: [{ id: projectId, has_payment_config: true }],
    });
    expect(log).toEqual([]);
  });

  it.each<[unknown, unknown, number, string]>([
    [2, 1, 403, 'not_project_owner'],
    [1, null, 403, 'not_project_owner'],
    [1, undefined, 404, 'project_not_found'],
    [undefined, 1, 401, 'not_authenticated'],
    [null, 1, 401, 'not_authenticated'],
  ])('with the id %p are refused where the owner is %p', async (id, owner, status, code) => {
    Object.assign(guard, { id });
    Object.assign(projects, { owner });
    expectOurError(await ask('PUT'), status, code);
    expect(log).toEqual([]);
  });

  it.each<[string, unknown, unknown, RegExp]>([
    ['their id is an object', { id: 'a secret' }, 1, /auth\.subject .* gave an object for the caller/],
    [
      'their id is no number',
      NaN,
      1,
      /auth\.subject .* gave a number that is no safe integer for the caller/,
    ],
    ['their id is empty', '', 1, /auth\.subject .* gave an empty text for the caller/],
    ['the owner is an object', 1, { id: 'a secret' }, /^findOwner of projects gave an object for the owner/],
    ['the owner is a boolean', 1, true, /^findOwner of projects gave a boolean for the owner/],
    ['the owner is empty', 1, '', /^findOwner of projects gave an empty text for the owner/],
  ])('get 500 when %s, and the log says where it came from', async (_, id, owner, explanation) => {
    Object.assign(guard, { id });
    Object.assign(projects, { owner });
    expectOurError(await ask('PUT'), 500, 'internal_error');
    expect(log).toEqual([
      expect.objectContaining({
        event: 'host.value_invalid',
        explanation: expect.stringMatching(explanation) as unknown,
      }),
    ]);
    expect(JSON.stringify(log)).not.toContain('a secret');
  });

  it('are written down as text when the host’s own code makes a change', async () => {
    const change = { actor: 7, requestId: randomUUID() };
    await host.app.get(StripeConfigService).deactivate(projectId, change);
    Object.assign(guard, { id: 1 });
    Object.assign(projects, { owner: 1 });
    expect(await lastChange()).toMatchObject({ actor: '7', action: 'deleted' });
  });
});
