import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { transformFileSync } from '@swc/core';

const ROOT = join(import.meta.dirname, '../../..');
const SOURCE = join(ROOT, 'src/payments');
/** What is always installed. */
const PACKAGES = ['https-proxy-agent', 'proxy-from-env', 'valibot'];

const READER = `
import { readKeyRingFile } from './crypto/key-ring-file.js';
import { Secret } from './crypto/secret.js';

const vaultToken = process.env.VAULT_TOKEN && new Secret(process.env.VAULT_TOKEN);
const { VAULT_NAMESPACE: vaultNamespace } = process.env;
readKeyRingFile(process.argv[2], {
  allowDevelopment: false,
  keyServices: { allowLoopbackHttp: true, vaultToken, vaultNamespace },
}).then(
  (ring) => console.log(ring.active.id),
  (error) => console.log(error.name + ': ' + error.message),
);
`;

/** The code in a folder of its own where no client of a key service is installed, to read a key ring with. */
export class BareCopy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'bare-copy-'));

  constructor() {
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }');
    mkdirSync(join(this.#folder, 'node_modules'));
    for (const name of PACKAGES) {
      symlinkSync(join(ROOT, 'node_modules', name), join(this.#folder, 'node_modules', name));
    }
    for (const file of readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
      const target = join(this.#folder, file.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, transformFileSync(join(SOURCE, file)).code);
    }
    writeFileSync(join(this.#folder, 'read.js'), READER);
  }

  /** Reads a key ring in a process of its own: the id of the active key, or the error's name and message. */
  async read(path: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [join(this.#folder, 'read.js'), path], {
      env: environment,
    });
    return stdout.trim();
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
