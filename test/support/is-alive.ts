import { readFileSync } from 'node:fs';

/** Whether a process runs. One that ended and was not reaped, as where the first process does not reap, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    // It ended just now, or this system has no such files: the next signal shows which.
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  }
}
