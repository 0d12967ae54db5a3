import { createSecretKey, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { openApiDocument } from '../../app/openapi.js';
import { createServer } from '../../app/server.js';
import { KEY_BYTES, KeyRing, ringKey } from '../../payments/crypto/key-ring.js';
import { unwritable } from '../fault.js';
import { action, createProgram, run, say, type Result } from '../program.js';

/** The routes are read from a temporary application that never listens or connects. */
async function writeDocument(file: string): Promise<Result> {
  const app = await createServer({
    databaseUrl: 'postgres://localhost/none',
    keyRing: new KeyRing([ringKey(randomBytes(KEY_BYTES), 'active')]),
    auth: { secret: createSecretKey(randomBytes(KEY_BYTES)) },
    publicBaseUrl: 'http://localhost',
    logLevel: 'silent',
  });
  const document = openApiDocument(app);
  await app.close();
  write(file, `${JSON.stringify(document, null, 2)}\n`);
  say(`Wrote ${file}`);
  return { file };
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw unwritable(file, error);
  }
}

await run(
  createProgram('openapi', 'Writes the OpenAPI document of the service.')
    .argument('[file]', 'where to write it', 'docs/openapi.json')
    .action(action(writeDocument)),
);
