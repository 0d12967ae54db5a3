import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, cleanUp, runProgram, temporaryFolder } from './support/process.js';

afterEach(cleanUp);

describe('docs/metrics.md', () => {
  it('is what the command writes (run "npm run docs:metrics" otherwise)', async () => {
    const file = join(await temporaryFolder(), 'metrics.md');
    const program = runProgram('scripts/docs/metrics-page.js', [file], {});
    expect([await program.exit(), program.stderr]).toEqual([0, '']);
    expect(await readFile(file, 'utf8')).toBe(await readFile(join(ROOT, 'docs/metrics.md'), 'utf8'));
  });
});
