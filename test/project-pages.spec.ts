import pg from 'pg';
import { prepareText } from '../src/payments/database/statement.js';
import { LIST } from '../src/app/projects/project.statements.js';
import { expectError, expectInvalid } from './support/errors.js';
import { eventually } from './support/eventually.js';
import { startTestService, type TestService } from './support/service.js';

const PROJECTS = '/api/v1/projects';
const PAYMENTS = '/api/v1/payments/projects';
const LISTS = [PROJECTS, PAYMENTS];

let service: TestService;
let subject: string;
let subjects = 0;

beforeAll(async () => {
  service = await startTestService({ maxProjectsPerOwner: 3 });
});
afterAll(() => service.stop());
beforeEach(() => {
  subjects += 1;
  subject = `owner-${subjects}`;
});

/** Makes projects of the owner in the database, of which each two have the same time. */
async function fill(count: number): Promise<string[]> {
  const rows = await service.database.query<{ id: string; created_at: Date }>(
    `INSERT INTO projects (owner_id, name, created_at)
      SELECT $1, 'Shop', '2026-01-01Z'::timestamptz + make_interval(secs => number / 2)
      FROM generate_series(1, $2::integer) AS number RETURNING id, created_at`,
    [subject, count],
  );
  const order = ({ id, created_at }: { id: string; created_at: Date }) => `${created_at.toISOString()} ${id}`;
  return rows.sort((a, b) => (order(a) < order(b) ? -1 : 1)).map(({ id }) => id);
}

interface Page {
  ids: string[];
  total: number;
  /** The address of the next page. */
  next: string | undefined;
}

async function page(path: string, headers: Record<string, string> = {}): Promise<Page> {
  const { status, headers: answered, json } = await service.request('GET', path, { subject, headers });
  expect(status).toBe(200);
  const { projects, total, ...others } = json as { projects: { id: string }[]; total: number };
  expect(others).toEqual({});
  const [, link] = /^<([^>]*)>; rel="next"$/.exec(answered.get('link') ?? '') ?? [];
  const { pathname, search } = new URL(link ?? '', service.url + path);
  return { ids: projects.map(({ id }) => id), total, next: link && pathname + search };
}

async function pages(path: string): Promise<string[][]> {
  const found = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const { ids, next: link } = await page(next);
    found.push(ids);
    next = link;
  }
  return found;
}

describe.each(LISTS)('%s', (path) => {
  it('gives also what others share, in one order, each with the role, and counts it', async () => {
    const [first, third] = await fill(2);
    const other = subject;
    subject = `${subject}-member`;
    const [second, fourth] = await fill(2);
    const share = (id: string | undefined, role: string) =>
      service.request('PUT', `${PROJECTS}/${id ?? ''}/members/${subject}`, {
        subject: other,
        body: { role },
      });
    expect((await share(first, 'viewer')).status).toBe(204);
    expect((await share(third, 'admin')).status).toBe(204);
    for (const limit of [1, 2, 3, 4]) {
      expect(new Set((await pages(`${path}?limit=${limit}`)).flat())).toEqual(
        new Set([first, second, third, fourth]),
      );
    }
    const { json } = await service.request('GET', path, { subject });
    const { projects, total } = json as { projects: { id: string; role: string }[]; total: number };
    expect(total).toBe(4);
    expect(Object.fromEntries(projects.map(({ id, role }) => [id, role]))).toEqual({
      [first ?? '']: 'viewer',
      [third ?? '']: 'admin',
      [second ?? '']: 'owner',
      [fourth ?? '']: 'owner',
    });
  });

  it('gives every project once, in order, whatever the page holds', async () => {
    const ids = await fill(7);
    for (const limit of [1, 2, 3, 6, 7]) {
      const found = await pages(`${path}?limit=${limit}`);
      expect(found.flat()).toEqual(ids);
      expect(found.map((each) => each.length)).toEqual([
        ...Array.from({ length: Math.ceil(7 / limit) - 1 }, () => limit),
        7 % limit === 0 ? limit : 7 % limit,
      ]);
    }
  });

  it('gives 250 at most and by default, and counts all of them', async () => {
    const ids = await fill(270);
    const first = await page(path);
    expect(first).toMatchObject({ ids: ids.slice(0, 250), total: 270 });
    expect(first.next).toMatch(/^\/api\/v1\/(?:payments\/)?projects\?limit=250&cursor=[\w-]+$/);
    expect(await page(first.next ?? '')).toEqual({ ids: ids.slice(250), total: 270, next: undefined });
  });

  it('links to nothing that the request has said', async () => {
    await fill(2);
    const headers = {
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'gopher',
      forwarded: 'host=evil.test',
    };
    const answer = await service.request('GET', `${path}?limit=1`, { subject, headers });
    expect(answer.headers.get('link')).toMatch(/^<\?limit=1&cursor=[\w-]+>; rel="next"$/);
  });

  it('shows another’s projects to nobody, whatever the cursor', async () => {
    await fill(2);
    const { next } = await page(`${path}?limit=1`);
    subject = `${subject}-other`;
    expect(await page(next ?? '')).toEqual({ ids: [], total: 0, next: undefined });
  });

  it('says how many there are behind the last one, too', async () => {
    await fill(1);
    const cursor = Buffer.from('99999999999999 ffffffff-ffff-ffff-ffff-ffffffffffff').toString('base64url');
    expect(await page(`${path}?cursor=${cursor}`)).toEqual({ ids: [], total: 1, next: undefined });
  });

  it.each([
    ['limit=0', 'limit', 'out_of_range'],
    ['limit=251', 'limit', 'out_of_range'],
    ['limit=-1', 'limit', 'out_of_range'],
    ['limit=1e2', 'limit', 'out_of_range'],
    ['limit=', 'limit', 'out_of_range'],
    ['limit=1&limit=2', 'limit', 'out_of_range'],
    ['cursor=', 'cursor', 'invalid_cursor'],
    ['cursor=x', 'cursor', 'invalid_cursor'],
    ['cursor=djI', 'cursor', 'invalid_cursor'],
    [`cursor=${Buffer.from('1 \0').toString('base64url')}`, 'cursor', 'invalid_cursor'],
    ['cursor=djI&cursor=djI', 'cursor', 'invalid_cursor'],
  ])('refuses %s', async (query, name, type) => {
    expectInvalid(await service.request('GET', `${path}?${query}`, { subject }), [
      { loc: ['query', name], type },
    ]);
  });
});

it('finds a page by indexes, however many projects come before it, made or shared', async () => {
  const ids = await fill(3_000);
  await service.database.query(
    "INSERT INTO projects (owner_id, name) SELECT 'other ' || number / 10, 'Shop' FROM generate_series(1, 30000) AS number",
  );
  await service.database.query(
    `INSERT INTO project_members (project_id, subject, role, project_created_at)
      SELECT id, CASE WHEN row_number() OVER () % 20 = 0 THEN $1 ELSE 'another' END, 'viewer', created_at
      FROM projects WHERE owner_id LIKE 'other %'`,
    [subject],
  );
  await service.database.query('VACUUM ANALYZE projects, project_members');
  const plan = await service.database.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN ${prepareText(LIST, undefined).sql}`,
    [subject, new Date('2026-01-01T00:20:00Z'), ids[2_400], 101],
  );
  const text = plan.map((line) => line['QUERY PLAN']).join('\n');
  expect(text).toMatch(/Index Cond: \(.*owner_id.* AND \(ROW\(created_at, id\) > ROW\(/);
  expect(text).toMatch(/Index Cond: \(.*subject.* AND \(ROW\(project_created_at, project_id\) > ROW\(/);
  expect(text).not.toContain('Seq Scan');
});

describe('the limit of projects for each owner', () => {
  const create = () => service.request('POST', PROJECTS, { subject, body: { name: 'Shop' } });
  const stored = async () => service.database.query('SELECT FROM projects WHERE owner_id = $1', [subject]);

  it('refuses one more with 409, and holds for this owner alone', async () => {
    for (let made = 0; made < 3; made++) expect((await create()).status).toBe(201);
    expectError(await create(), 409, 'project_limit_reached');
    expect(await stored()).toHaveLength(3);
    subject = `${subject}-other`;
    expect((await create()).status).toBe(201);
  });

  it('counts deleted projects, which stay in the lists', async () => {
    for (let made = 0; made < 3; made++) {
      const { id } = (await create()).json as { id: string };
      expect((await service.request('DELETE', `${PROJECTS}/${id}`, { subject })).status).toBe(204);
    }
    expectError(await create(), 409, 'project_limit_reached');
  });

  it('lets exactly as many pass as are left when many come at once', async () => {
    await create();
    const statuses = (await Promise.all(Array.from({ length: 12 }, create))).map(({ status }) => status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(2);
    expect(statuses.filter((status) => status === 409)).toHaveLength(10);
    expect(await stored()).toHaveLength(3);
  });

  it('lets none pass that waits for the last one to be made', async () => {
    await create();
    await create();
    // Somebody makes the third, and has not committed yet.
    const other = new pg.Client({ connectionString: service.database.url });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query('UPDATE project_owners SET created = created + 1 WHERE owner_id = $1', [subject]);
      const waiting = create();
      await eventually('it waits', async () => {
        const [row] = await service.database.query(
          "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        );
        return row !== undefined;
      });
      await other.query('COMMIT');
      expectError(await waiting, 409, 'project_limit_reached');
    } finally {
      await other.end();
    }
  });
});
