import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PaymentsModule, ProjectAccess, type OwnedProjects, type ProjectRole } from '../src/index.js';
import { expectOurError } from './hosts/answers.js';
import { ADAPTERS, paymentsOptions, startHost, type AdapterName, type Host } from './hosts/start-host.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';

const CONFIG = '/api/v1/payments/stripe/projects/{project_id}/config';
const PROJECT = '/api/v1/payments/stripe/projects/{project_id}';
const ROLES: readonly ProjectRole[] = ['viewer', 'admin', 'owner'];

/** The least role of each operation of a project. */
const NEEDED: Record<string, ProjectRole> = {
  [`get ${CONFIG}`]: 'viewer',
  [`put ${CONFIG}`]: 'admin',
  [`delete ${CONFIG}`]: 'owner',
  [`get ${CONFIG}/health`]: 'viewer',
  [`get ${CONFIG}/history`]: 'viewer',
  [`delete ${CONFIG}/{mode}/previous-webhook-secret`]: 'admin',
  [`get ${CONFIG}/{mode}/webhook-endpoint`]: 'viewer',
  [`post ${CONFIG}/{mode}/webhook-endpoint`]: 'admin',
  [`delete ${CONFIG}/{mode}/webhook-endpoint`]: 'admin',
  [`get ${PROJECT}/events`]: 'viewer',
  [`post ${PROJECT}/events/replay`]: 'admin',
  [`get ${PROJECT}/events/{mode}/{event_id}`]: 'admin',
  [`post ${PROJECT}/events/{mode}/{event_id}/replay`]: 'admin',
  [`post ${PROJECT}/validate-credentials`]: 'admin',
  [`get ${PROJECT}/webhook-urls`]: 'viewer',
};

/** Lets every caller have the role that is their name. */
class RolesByName extends ProjectAccess {
  given: unknown = undefined;

  override findOwner(): Promise<never> {
    throw new Error('a host that tells roles is not asked for owners');
  }

  override roleOf(_projectId: string, subject: string): Promise<ProjectRole | null | undefined> {
    if (subject === 'given') return Promise.resolve(this.given as ProjectRole);
    if (subject === 'nobody') return Promise.resolve(undefined);
    return Promise.resolve(ROLES.find((role) => role === subject) ?? null);
  }

  override listOwnedBy(): Promise<OwnedProjects> {
    return Promise.resolve({ projects: [], total: 0 });
  }
}

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

it('each operation of a project is documented with the least role that it needs', () => {
  const file = fileURLToPath(new URL('../docs/openapi.json', import.meta.url));
  const { paths } = JSON.parse(readFileSync(file, 'utf8')) as {
    paths: Record<string, Record<string, { description: string; 'x-required-role'?: string }>>;
  };
  const documented = Object.entries(paths)
    .filter(([path]) => path.startsWith(`${PROJECT}/`))
    .flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => {
        const role = operation['x-required-role'];
        expect(operation.description).toContain(`Needs the role ${role ?? ''}.`);
        return [`${method} ${path}`, role];
      }),
    );
  expect(Object.fromEntries(documented)).toEqual(NEEDED);
});

describe.each(Object.keys(ADAPTERS) as AdapterName[])('on %s', (adapter) => {
  const projects = new RolesByName();
  let host: Host;

  beforeAll(async () => {
    const imports = [PaymentsModule.forRoot(paymentsOptions({ projects }))];
    host = await startHost({ adapter, database, imports });
  });
  afterAll(() => host.stop());

  const ask = (operation: string, subject: string) => {
    const [method = '', path = ''] = operation.split(' ');
    const address = path
      .replace('{project_id}', randomUUID())
      .replace('{mode}', 'test')
      .replace('{event_id}', 'evt_1');
    return host.ours.request(method.toUpperCase(), address, {
      subject,
      ...(method === 'put' && { body: {} }),
    });
  };

  it.each(
    Object.entries(NEEDED).flatMap(([operation, needed]) =>
      ROLES.map((role): [string, ProjectRole, ProjectRole] => [operation, role, needed]),
    ),
  )('%s: %s, where %s is needed', async (operation, role, needed) => {
    const answer = await ask(operation, role);
    if (ROLES.indexOf(role) >= ROLES.indexOf(needed)) {
      expect(answer.status).not.toBe(403);
      expect(answer.status).toBeLessThan(500);
    } else {
      expectOurError(answer, 403, 'insufficient_role');
      expect((answer.json as { detail: string }).detail).toMatch(
        `This needs the role ${needed} in the project`,
      );
    }
  });

  it.each(Object.keys(NEEDED))(
    '%s: nobody without a role, and no project that is not there',
    async (operation) => {
      expectOurError(await ask(operation, 'a stranger'), 403, 'not_project_owner');
      expectOurError(await ask(operation, 'nobody'), 404, 'project_not_found');
    },
  );

  it.each(['root', 'Owner', '', 7, true, {}])('refuses what is no role: %p', async (given) => {
    projects.given = given;
    expectOurError(await ask(`get ${CONFIG}`, 'given'), 500, 'internal_error');
  });
});
