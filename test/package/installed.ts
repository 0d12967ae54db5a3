import { readFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ROOT, temporaryFolder } from '../support/process.js';
import { run } from '../support/run.js';

/** What specs ask of a package.json. */
export interface Manifest {
  name: string;
  version: string;
  type?: string;
  exports: Record<string, { types: string; default: string } | string>;
  bin: Record<string, string>;
  scripts?: Record<string, string>;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

export type Versions = Record<string, string>;

export function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Manifest;
}

/** What `npm run package` made. */
export const TARBALL = join(ROOT, 'build', `nest-stripe-config-${readManifest('package.json').version}.tgz`);

/** Installs what a project's package.json names, without running anything of it. */
export async function install(folder: string): Promise<void> {
  const options = ['--strict-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  await run(folder, 'npm', 'install', '--loglevel=error', ...options);
}

/**
 * An empty project that installed the tarball beside packages of given versions; removed by `cleanUp`.
 *
 * @param isWorkspace whether it is one of several of a workspace of npm, which has the packages
 * @param isInstalled whether npm installs it at once
 */
export async function installedProject(
  versions: Versions,
  {
    type = 'commonjs',
    isWorkspace = false,
    isInstalled = true,
  }: { type?: 'commonjs' | 'module'; isWorkspace?: boolean; isInstalled?: boolean } = {},
): Promise<string> {
  const root = await temporaryFolder();
  const folder = isWorkspace ? join(root, 'apps/api') : root;
  if (isWorkspace) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(root, 'package.json'), JSON.stringify({ private: true, workspaces: ['apps/*'] }));
  }
  await copyFile(TARBALL, join(folder, basename(TARBALL)));
  const dependencies = { ...versions, 'nest-stripe-config': `file:${basename(TARBALL)}` };
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'host', version: '1.0.0', private: true, type, dependencies }),
  );
  if (isInstalled) await install(root);
  return folder;
}

/** Writes how a project with decorators is compiled: from `src` to `dist`. */
export async function writeCompilerOptions(
  folder: string,
  options: { module: 'commonjs' | 'nodenext'; skipLibCheck?: boolean },
): Promise<void> {
  const compilerOptions = {
    target: 'ES2023',
    types: ['node'],
    rootDir: 'src',
    outDir: 'dist',
    strict: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    ...options,
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
}
