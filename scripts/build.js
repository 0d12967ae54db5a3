// `npm run build`: compiles what the service runs. `npm start` does so only when something has changed since the last time:
// even a compiler that finds nothing to do takes seconds to find that out.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STAMP = join(ROOT, 'dist/.built');

/** Whether the last build was of these sources and packages. */
export function isBuilt() {
  return (
    existsSync(join(ROOT, 'dist/main.js')) &&
    existsSync(STAMP) &&
    readFileSync(STAMP, 'utf8') === fingerprint()
  );
}

/** @returns the compiler's exit code */
export function build() {
  const compiler = findCompiler();
  if (compiler === undefined) {
    process.stderr.write('The compiler is not installed: run "npm ci", without --omit=dev.\n');
    return 1;
  }
  // Before, so that what changes meanwhile is compiled the next time.
  const stamp = fingerprint();
  rmSync(STAMP, { force: true });
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  if (status !== 0) return status ?? 1;
  if (!buildUi()) return 1;
  mkdirSync(join(ROOT, 'dist'), { recursive: true });
  writeFileSync(STAMP, stamp);
  return 0;
}

/** The element as others load it, and the page that has it: each one file, with everything that it needs. */
function buildUi() {
  const { buildSync } = createRequire(import.meta.url)('esbuild');
  try {
    buildSync({
      absWorkingDir: ROOT,
      entryPoints: ['src/ui/stripe-settings.ts', 'src/ui/page/page.ts', 'src/ui/page/page.css'],
      entryNames: '[name]',
      outdir: 'dist/ui',
      tsconfig: 'src/ui/tsconfig.json',
      bundle: true,
      format: 'esm',
      target: 'es2022',
      minify: true,
      sourcemap: true,
      legalComments: 'linked',
    });
  } catch {
    // It has said why.
    return false;
  }
  return true;
}

/** Undefined where only production packages are installed. */
export function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}

function fingerprint() {
  const sources = readdirSync(join(ROOT, 'src'), { recursive: true })
    .filter((file) => /\.(ts|css)$/.test(file))
    .sort()
    .map((file) => join('src', file));
  const hash = createHash('sha256');
  for (const file of [
    ...sources,
    'tsconfig.json',
    'src/ui/tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
  ]) {
    const text = readFileSync(join(ROOT, file));
    hash.update(`${file} ${text.length}\n`).update(text);
  }
  return hash.digest('hex');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.exitCode = build();
