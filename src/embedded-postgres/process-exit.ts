import { signal } from './postmaster.js';

/** What ends with this process, and whether a process id still refers to it. */
const children = new Map<number, () => boolean>();

/** An exception or process.exit leaves no time for an orderly shutdown of PostgreSQL; a signal can still be sent. */
export function endWithProcess(pid: number, isStillIt: () => boolean): void {
  if (children.size === 0) process.on('exit', endChildren);
  children.set(pid, isStillIt);
}

/** Undoes {@link endWithProcess}. */
export function outliving(pid: number): void {
  children.delete(pid);
  if (children.size === 0) process.off('exit', endChildren);
}

function endChildren(): void {
  for (const [pid, isStillIt] of children) if (isStillIt()) signal(pid, 'SIGINT');
}
