import { Command, CommanderError } from 'commander';
import { CommandFault, messageOf } from './fault.js';

/** Whether standard output is to hold one JSON document and nothing else. */
const AS_JSON = process.argv.includes('--json');

/** The result of a command; written as it is with --json. */
export type Result = object;

/** Creates the command line of a program: every one of its commands takes `--json`, and its faults are written by {@link run}. */
export function createProgram(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option('--json', 'write one JSON document, {"error": {"message"}} of what failed, and nothing else')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput(AS_JSON ? { writeErr: () => undefined } : {})
    .exitOverride();
}

/** Prints a line, unless --json is given. */
export function say(...lines: string[]): void {
  if (!AS_JSON) process.stdout.write(`${lines.join('\n')}\n`);
}

/** Prints rows as a table, unless --json is given. */
export function sayTable(rows: readonly object[]): void {
  if (!AS_JSON) console.table(rows);
}

/** Where the progress of a long command is written; undefined: nowhere. */
export function progressStream(): NodeJS.WriteStream | undefined {
  if (!AS_JSON) return process.stdout;
  return process.stderr.isTTY ? process.stderr : undefined;
}

/** The action of a command, whose result is written as JSON with --json. */
export function action<Args extends unknown[]>(
  work: (...args: Args) => Result | Promise<Result>,
): (...args: Args) => Promise<void> {
  return async (...args) => {
    const result = await work(...args);
    if (AS_JSON) writeJson(result);
  };
}

/** Runs the command that the arguments name, and sets the exit code. */
export async function run(program: Command): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
    if (process.exitCode === 0) return;
    const details = error instanceof CommandFault ? error.details : {};
    if (AS_JSON) writeJson({ ...details, error: { message: faultOf(error) } });
    else if (!(error instanceof CommanderError)) process.stderr.write(`${messageOf(error)}\n`);
  }
}

/** Replaces Commander's own texts; it has none for a program without arguments. */
function faultOf(error: unknown): string {
  if (!(error instanceof CommanderError)) return messageOf(error);
  return error.code === 'commander.help'
    ? 'name a command; --help lists them'
    : error.message.replace(/^error: /, '');
}

function writeJson(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
