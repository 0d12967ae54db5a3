import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, cleanUp, temporaryFolder } from './support/process.js';
import { run } from './support/run.js';

afterAll(cleanUp);

it('the objects of the testing kit are those of the SDK that is installed', async () => {
  const file = join(await temporaryFolder(), 'stripe-objects.ts');
  await run(ROOT, process.execPath, 'scripts/stripe-objects.js', file);
  expect(await readFile(join(ROOT, 'src/testing/stripe-objects.ts'), 'utf8')).toBe(
    await readFile(file, 'utf8'),
  );
});
