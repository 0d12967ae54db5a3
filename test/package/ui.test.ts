import { readFile, mkdir, copyFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ROOT, cleanUp, temporaryFolder } from '../support/process.js';
import { run } from '../support/run.js';
import { TARBALL } from './installed.js';

const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');
/** As `test/page.spec.ts` has it, in bytes. */
const BUDGET = 40 * 1024;

let folder: string;
let installed: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  installed = join(folder, 'node_modules/nest-stripe-config');
  await mkdir(installed, { recursive: true });
  await run(installed, 'tar', 'xzf', TARBALL, '--strip-components=1');
  await copyFile(join(ROOT, 'package/consumers/ui.ts'), join(folder, 'ui.ts'));
});
afterAll(cleanUp);

it.each([
  ['a bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
  ['node10', ['--module', 'esnext', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0']],
])('has types for %s that need nothing else, checked themselves', async (_, options) => {
  const strict = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--lib', 'ES2022'];
  await expect(run(folder, process.execPath, TSC, ...strict, ...options, 'ui.ts')).resolves.toBe('');
});

it('is one ES module within its budget, with the licences of what is in it', async () => {
  const script = await readFile(join(installed, 'dist/ui/stripe-settings.mjs'));
  expect(gzipSync(script, { level: 9 }).length).toBeLessThan(BUDGET);
  expect(script.toString()).not.toMatch(/\bimport\s*[({"']|\bfrom\s*"|require\(|sourceMappingURL/);
  expect(await readFile(join(installed, 'dist/ui/stripe-settings.js.LEGAL.txt'), 'utf8')).toContain(
    'Google LLC',
  );
  await expect(stat(join(installed, 'dist/ui/page.js'))).rejects.toThrow('ENOENT');
});
