import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Largest output of a program, in bytes. */
const MAX_OUTPUT = 16 * 1024 * 1024;

/** Runs a program in a folder to its end; the error of one that fails has all it wrote. */
export async function run(folder: string, command: string, ...args: string[]): Promise<string> {
  // When npx runs the tests, this names what it has installed for that: not for the npx of a project of theirs.
  const env = { ...process.env, npm_config_package: undefined };
  try {
    return (await promisify(execFile)(command, args, { cwd: folder, env, maxBuffer: MAX_OUTPUT })).stdout;
  } catch (error) {
    // Its message has only what went to standard error.
    const failure = error as Error & { stdout: string };
    failure.message += failure.stdout;
    throw failure;
  }
}
