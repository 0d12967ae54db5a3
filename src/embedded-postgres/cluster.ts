import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { Binaries } from './binaries.js';
import { NAME } from './connection.js';
import type { Context } from './context.js';
import { EmbeddedPostgresError, ignoring, readIfPresent } from './errors.js';
import type { Paths } from './paths.js';
import { runToEnd, type Runner } from './runner.js';

/** The password of the role, generated at the first start. */
export async function readOrCreatePassword(paths: Paths): Promise<string> {
  const known = await readIfPresent(paths.password);
  if (known !== undefined) return known.trim();
  if ((await clusterMajor(paths)) !== undefined) {
    throw new EmbeddedPostgresError(
      `${paths.password} is missing, and the data in ${paths.cluster} cannot be opened without it: restore the file, set DATA_DIR to another folder, or set DATABASE_URL.`,
    );
  }
  const draft = `${paths.password}-${randomBytes(6).toString('hex')}`;
  try {
    await fs.writeFile(draft, randomBytes(32).toString('base64url'), {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
    // A link, unlike a rename, never replaces the password of another start that was faster.
    await fs.link(draft, paths.password).catch(ignoring('EEXIST'));
  } finally {
    await fs.rm(draft, { force: true });
  }
  return (await fs.readFile(paths.password, 'utf8')).trim();
}

/** The major version that created the cluster; undefined where there is none. */
export async function clusterMajor({ cluster }: Paths): Promise<string | undefined> {
  return (await readIfPresent(path.join(cluster, 'PG_VERSION')))?.trim();
}

export async function checkMajor(paths: Paths, ours: string | undefined): Promise<void> {
  const theirs = await clusterMajor(paths);
  if (theirs === ours) return;
  const maker = theirs === undefined ? 'not made by PostgreSQL' : `made by PostgreSQL ${theirs}`;
  throw new EmbeddedPostgresError(
    `The data in ${paths.cluster} is ${maker}, but this is PostgreSQL ${ours ?? '(unknown)'}: set DATA_DIR to another folder, or set DATABASE_URL.`,
  );
}

export async function majorOf(runner: Runner, binaries: Binaries): Promise<string | undefined> {
  return /(\d+)/.exec(await runToEnd(runner, binaries.postgres, ['--version']))?.[1];
}

/** Works in a folder of its own and renames at the end, so that a killed initdb leaves no incomplete cluster. */
export async function createCluster(context: Context): Promise<void> {
  const { paths, runner, binaries, password } = context;
  const workshop = await fs.mkdtemp(workshopPrefix(paths));
  const draft = path.join(workshop, 'data');
  const passwordFile = path.join(workshop, 'password');
  try {
    await fs.writeFile(passwordFile, password, { mode: 0o600 });
    await giveTo(runner, workshop, passwordFile);
    await runToEnd(runner, binaries.initdb, [
      ...['-D', draft, `--username=${NAME}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale=C', '--no-instructions'],
    ]);
    await fs.rename(draft, paths.cluster);
  } catch (error) {
    // A concurrent start has created the cluster, and may have removed our temporary folder.
    if ((await clusterMajor(paths)) === undefined) throw error;
  } finally {
    await fs.rm(workshop, { recursive: true, force: true });
  }
}

async function giveTo(runner: Runner, ...files: string[]): Promise<void> {
  if (!runner.owner) return;
  for (const file of files) await fs.chown(file, runner.owner.uid, runner.owner.gid);
}

function workshopPrefix({ cluster }: Paths): string {
  return `${cluster}-init-`;
}

/** Removes what killed starts left; only the owner may, since then no other initdb can succeed any more. */
export async function removeLeftovers(paths: Paths): Promise<void> {
  const prefixes = [workshopPrefix(paths), `${paths.password}-`].map((prefix) => path.basename(prefix));
  for (const name of await fs.readdir(paths.dataDir)) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue;
    await fs.rm(path.join(paths.dataDir, name), { recursive: true, force: true });
  }
}
