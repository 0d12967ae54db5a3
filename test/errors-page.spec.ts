import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ANSWERS } from '../src/payments/http/errors/error-catalogue.js';
import { CAUSES, CAUSES_WITH_UUIDS } from '../src/payments/http/errors/validation-causes.js';
import { readOpenApiDocument } from './support/openapi-document.js';
import { ROOT, cleanUp, runProgram, temporaryFolder } from './support/process.js';

afterEach(cleanUp);

const textOf = (file: string) => readFile(file, 'utf8');
const PAGE = join(ROOT, 'docs/errors.md');

/** What a field of the document says of the names that it may hold. */
function field(schema: string, name: string): { enum: string[]; description: string } {
  const { properties } = readOpenApiDocument().components.schemas[schema] as {
    properties: Record<string, { enum: string[]; description: string }>;
  };
  return properties[name] ?? { enum: [], description: '' };
}

describe('docs/errors.md', () => {
  it('is what the command writes (run "npm run docs:errors" otherwise)', async () => {
    const file = join(await temporaryFolder(), 'errors.md');
    const program = runProgram('scripts/docs/errors-page.js', [file], {});
    expect([await program.exit(), program.stderr]).toEqual([0, '']);
    expect(await textOf(file)).toBe(await textOf(PAGE));
  });

  it('has a row for each code and each cause', async () => {
    const rows = (await textOf(PAGE)).split('\n');
    const rowsOf = (name: string) =>
      rows.filter((row) => row.startsWith('| ') && row.includes(`| \`${name}\` |`));
    for (const [name, { fix }] of [...Object.entries(ANSWERS), ...Object.entries(CAUSES)]) {
      expect([name, rowsOf(name)]).toEqual([name, [expect.stringContaining(`| ${fix} |`)]]);
    }
  });
});

describe('the OpenAPI document', () => {
  it.each([
    ['code', 'ErrorResponse', ANSWERS],
    ['type', 'ValidationError', CAUSES_WITH_UUIDS],
  ])('lists every %s of %s, with what to do about it', (name, schema, catalogue) => {
    const { enum: names, description } = field(schema, name);
    expect(names).toEqual(Object.keys(catalogue));
    for (const [each, { fix }] of Object.entries(catalogue)) {
      expect(description.split('\n')).toContain(`- \`${each}\`: ${fix}`);
    }
  });
});

describe('what to do', () => {
  it('is said in sentences, and about each code and cause something else than its meaning', () => {
    const said = [
      ...Object.values(ANSWERS).map(({ example, fix }) => ({ meaning: example, fix })),
      ...Object.values(CAUSES),
    ];
    expect(said.filter(({ meaning, fix }) => !/^[A-Z`].*\.$/.test(fix) || fix === meaning)).toEqual([]);
  });
});
