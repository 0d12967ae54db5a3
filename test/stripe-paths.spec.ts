import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, cleanUp, runProgram, temporaryFolder } from './support/process.js';

afterEach(cleanUp);

it('the words of Stripe’s paths are those of the SDK (run "npm run stripe:paths" otherwise)', async () => {
  const file = join(await temporaryFolder(), 'path-words.ts');
  const program = runProgram('scripts/stripe-path-words.js', [file], {});
  expect([await program.exit(), program.stderr]).toEqual([0, '']);
  expect(await readFile(file, 'utf8')).toBe(
    await readFile(join(ROOT, 'src/payments/stripe/path-words.ts'), 'utf8'),
  );
});
