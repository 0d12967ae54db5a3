import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstHashOf, HASH } from '../src/app/access-trail/access-trail.statements.js';
import { queryWithoutTriggers } from './support/database.js';
import { cleanUp, runCommand, temporaryFolder } from './support/process.js';
import { startTestService, type TestService } from './support/service.js';

let service: TestService;
let folder: string;
/** By their ids: three with two changes of their members, and one without any. */
let projects: string[];

beforeAll(async () => {
  service = await startTestService();
  folder = await temporaryFolder();
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  writeFileSync(path('key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  writeFileSync(path('key.pub.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  projects = [];
  for (let count = 0; count < 4; count++) projects.push(await service.createProject('alice'));
  projects.sort();
  for (const id of projects.slice(0, 3)) {
    await give(id, 'bob', 'viewer');
    await give(id, 'carol', 'viewer');
  }
});
afterAll(async () => {
  await cleanUp();
  await service.stop();
});

const path = (name: string) => join(folder, name);
const project = (index: number) => projects[index] ?? '';
const forge = (sql: string) => queryWithoutTriggers(service.database, sql);

async function give(id: string, subject: string, role: string): Promise<void> {
  const to = `/api/v1/projects/${id}/members/${subject}`;
  const { status } = await service.request('PUT', to, { subject: 'alice', body: { role } });
  expect(status).toBe(204);
}

const run = (program: 'audit' | 'nest-stripe-config', ...args: string[]) =>
  runCommand(program, program === 'audit' ? args : ['audit', ...args], {
    DATABASE_URL: service.database.url,
  });

async function exported(program: 'audit' | 'nest-stripe-config' = 'audit'): Promise<string> {
  const file = path(`${randomUUID()}.jsonl`);
  const result = await run(program, 'export', file, '--key', path('key.pem'));
  expect(result).toMatchObject({ code: 0, stderr: '' });
  // Of none of these projects is anything configured.
  const progress = JSON.stringify({ exported: projects.length, total: projects.length });
  expect(result.stdout.includes(progress)).toBe(program === 'audit');
  return file;
}

const verified = (file: string, program: 'audit' | 'nest-stripe-config' = 'audit') =>
  run(program, 'verify', '--checkpoint', file, '--public-key', path('key.pub.pem'));

function faultsIn(stdout: string): unknown[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{"projectId"'))
    .map((line) => JSON.parse(line) as { projectId: string; version: number; trail: string; fault: string })
    .map(({ projectId, version, trail, fault }) => [projects.indexOf(projectId), version, trail, fault]);
}

/** Writes a trail anew, as its owner can: every hash fits again. */
const rehash = (id: string) =>
  forge(`DO $$
    DECLARE entry project_access_audit; previous bytea;
    BEGIN
      SELECT ${firstHashOf({ id: 'id', ownerId: 'owner_id', createdAt: 'created_at' })} INTO previous FROM projects WHERE id = '${id}';
      FOR entry IN SELECT * FROM project_access_audit WHERE project_id = '${id}' ORDER BY version LOOP
        entry.previous_hash := previous;
        entry.hash := ${HASH('entry')};
        UPDATE project_access_audit SET previous_hash = entry.previous_hash, hash = entry.hash
          WHERE project_id = entry.project_id AND version = entry.version;
        previous := entry.hash;
      END LOOP;
      UPDATE projects SET access_hash = previous,
          access_version = (SELECT count(*) FROM project_access_audit WHERE project_id = '${id}')
        WHERE id = '${id}';
    END $$`);

it('a checkpoint of the service also notes who may what, which goes on', async () => {
  const file = await exported();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(0, -1);
  const hashes = await service.database.query<{ hash: string }>(
    "SELECT encode(access_hash, 'hex') AS hash FROM projects ORDER BY id",
  );
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
    hashes.map(({ hash }, index) => ({
      project_id: project(index),
      version: index < 3 ? 2 : 0,
      hash,
      trail: 'access',
    })),
  );

  for (const id of projects) await give(id, 'bob', 'admin');
  await service.database.query('UPDATE project_access_audit SET actor = NULL, actor_salt = NULL');
  expect(await verified(file)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('And each of 4 chain(s) of the trail of access.') as unknown,
  });
});

it('older ones, which do not, are still verified, and say so', async () => {
  const older = await exported('nest-stripe-config');
  expect(readFileSync(older, 'utf8')).not.toContain('access');
  expect(await verified(older)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('does not note the trail of access') as unknown,
  });
});

it('an application that has no such trail does not pass over it', async () => {
  expect(await verified(await exported(), 'nest-stripe-config')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(
      'also notes the trail of access, which this program does not have',
    ) as unknown,
  });
});

describe('a chain that somebody with the rights of its owner has written', () => {
  let file: string;

  beforeAll(async () => {
    projects.push(await service.createProject('alice'));
    const at = (index: number) => `project_id = '${project(index)}'`;
    file = await exported();

    await forge(`UPDATE project_access_audit SET role_after = 'owner' WHERE ${at(0)} AND version = 2`);
    await forge(`UPDATE project_members SET role = 'owner' WHERE ${at(0)} AND subject = 'carol'`);
    await forge(`DELETE FROM project_access_audit WHERE ${at(1)} AND version = 3`);
    await forge(`UPDATE project_members SET role = 'viewer' WHERE ${at(1)} AND subject = 'bob'`);
    for (const table of ['project_access_audit', 'project_members']) {
      await forge(`DELETE FROM ${table} WHERE ${at(2)}`);
    }
    await forge(`DELETE FROM projects WHERE id = '${project(2)}'`);
    await forge(`UPDATE projects SET owner_id = 'mallory' WHERE id IN ('${project(3)}', '${project(4)}')`);
    for (const index of [0, 1, 3, 4]) await rehash(project(index));
  });

  it('is in order by itself', async () => {
    expect(await run('audit', 'verify')).toMatchObject({ code: 0, stderr: '' });
  });

  it('is no longer the one that was noted', async () => {
    const { code, stdout } = await verified(file);
    const faults = faultsIn(stdout);
    expect(code).toBe(1);
    expect(faults).toHaveLength(5);
    expect(faults).toEqual(
      expect.arrayContaining([
        [0, 3, 'access', 'rewritten since the checkpoint'],
        [1, 3, 'access', 'ends before the checkpoint'],
        [2, 3, 'access', 'missing since the checkpoint'],
        [3, 1, 'access', 'rewritten since the checkpoint'],
        [4, 0, 'access', 'rewritten since the checkpoint'],
      ]),
    );
  });

  it('is exported no more once it lacks its end', async () => {
    await forge(`DELETE FROM project_access_audit WHERE project_id = '${project(0)}' AND version = 3`);
    expect(await run('audit', 'export', path('broken.jsonl'), '--key', path('key.pem'))).toMatchObject({
      code: 1,
      stderr: `The trail of access lacks the row of version 3 of project ${project(0)}; see "audit verify". No checkpoint was written.\n`,
    });
  });

  it('is missed where all tables of the service are gone', async () => {
    await forge('DROP TABLE service_tokens, project_access_audit, project_members, projects CASCADE');
    const faults = faultsIn((await verified(file)).stdout);
    expect(faults.map((fault) => (fault as string[])[3])).toEqual(
      Array(5).fill('missing since the checkpoint'),
    );
  });
});
