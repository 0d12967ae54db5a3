import { ProjectService } from '../src/app/projects/project.service.js';
import { startTestService, type TestService } from './support/service.js';

let service: TestService;
let first: string;
let second: string;

beforeAll(async () => {
  service = await startTestService();
  first = await service.createProject('alice');
  second = await service.createProject('bob');
  await give(first, 'carol', 'viewer', 'alice');
  await give(second, 'carol', 'admin', 'bob');
  await give(second, 'dave', 'viewer', 'bob');
});
afterAll(() => service.stop());

const give = (projectId: string, subject: string, role: string, by: string) =>
  service.request('PUT', `/api/v1/projects/${projectId}/members/${subject}`, { subject: by, body: { role } });

it('gives each of many who ask at once their own role in the project that they ask of', async () => {
  const projects = service.app.get(ProjectService);
  const nobodys = '00000000-0000-4000-8000-000000000000';
  const asked = [first, second, nobodys].flatMap((id) =>
    ['alice', 'bob', 'carol', 'dave', 'erin', 'carol'].map((subject) => [id, subject] as const),
  );
  const roles = await Promise.all(asked.map(([id, subject]) => projects.roleOf(id, subject)));
  expect(roles).toEqual([
    ...['owner', null, 'viewer', null, null, 'viewer'],
    ...[null, 'owner', 'admin', 'viewer', null, 'admin'],
    ...Array<undefined>(6).fill(undefined),
  ]);
});
