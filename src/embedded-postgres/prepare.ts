import * as fs from 'node:fs/promises';
import { findBinaries } from './binaries.js';
import { checkMajor, clusterMajor, createCluster, majorOf, readOrCreatePassword } from './cluster.js';
import type { Context } from './context.js';
import { refuseShellCharacters, type Paths } from './paths.js';
import { chooseRunner } from './runner.js';

/** Prepares the data folder for a server: its password and, where there is none yet, the cluster. */
export async function prepare(
  paths: Paths,
  options: Pick<Context, 'signal' | 'lockPatienceMs'>,
): Promise<Context> {
  const binaries = await findBinaries();
  for (const file of [paths.cluster, binaries.postgres]) refuseShellCharacters(file);
  await fs.mkdir(paths.dataDir, { recursive: true, mode: 0o700 });
  const runner = await chooseRunner(paths, binaries, options.signal);
  const ourMajor = await majorOf(runner, binaries);
  const password = await readOrCreatePassword(paths);
  const context = { ...options, paths, binaries, runner, password };
  if ((await clusterMajor(paths)) === undefined) await createCluster(context);
  await checkMajor(paths, ourMajor);
  return context;
}
