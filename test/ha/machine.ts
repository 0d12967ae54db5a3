import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';

/** The folder with Debian's packages that the machines run; see run.js. */
export const ROOT = process.env.HA_ROOT ?? '';
/** What the machines write, inside of {@link ROOT}; in memory, and gone with the namespaces. */
export const WORK = '/work';

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8' });
}

const mounted: string[] = [];

/** Makes the network that the machines stand in, and what their programs need to be there. */
export function makeNetwork(): void {
  mkdirSync(join(ROOT, WORK), { recursive: true });
  for (const [type, place] of [
    ['tmpfs', '/run'],
    ['tmpfs', join(ROOT, WORK)],
    ['tmpfs', join(ROOT, 'run')],
    ['tmpfs', join(ROOT, 'dev/shm')],
    ['proc', join(ROOT, 'proc')],
  ] as const) {
    mkdirSync(place, { recursive: true });
    execFileSync('mount', ['-t', type, type, place]);
    mounted.push(place);
  }
  for (const device of ['null', 'urandom', 'random', 'zero']) {
    const place = join(ROOT, 'dev', device);
    appendFileSync(place, '');
    execFileSync('mount', ['--bind', `/dev/${device}`, place]);
    mounted.push(place);
  }
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'switch', 'type', 'bridge');
  ip('addr', 'add', '10.77.0.1/24', 'dev', 'switch');
  ip('link', 'set', 'switch', 'up');
}

/** A machine: a network namespace with an address, and the processes in it. */
export class Machine {
  /** @param number the last part of its address */
  constructor(
    readonly name: string,
    number: number,
    readonly address = `10.77.0.${String(number)}`,
  ) {
    ip('netns', 'add', name);
    ip('link', 'add', `to-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', `to-${name}`, 'master', 'switch', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
  }

  /** Its own folder, as its programs see it. */
  get folder(): string {
    return `${WORK}/${this.name}`;
  }

  /** Runs one of Debian's programs on it, as a user. What it writes is in the machine's folder. */
  runInRoot(user: string, command: readonly string[]): ChildProcess {
    const log = join(ROOT, this.folder, 'log');
    const inRoot = ['chroot', ROOT, 'setpriv', `--reuid=${user}`, `--regid=${user}`, '--init-groups'];
    return this.run('sh', ['-c', `exec "$@" >>${log} 2>&1`, 'sh', ...inRoot, ...command]);
  }

  /** Runs a program of this machine's own system on it. */
  run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const { PATH, HOME } = process.env;
    return spawn('ip', ['netns', 'exec', this.name, command, ...args], {
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  /** Makes its folder, which belongs to a user of {@link ROOT}. */
  makeFolder(user: string): void {
    execFileSync('chroot', [ROOT, 'install', '-d', '-m', '0700', '-o', user, '-g', user, this.folder]);
  }

  /** Its processes. */
  get pids(): number[] {
    return ip('netns', 'pids', this.name).split('\n').filter(Boolean).map(Number);
  }

  /** Sends a signal to each of its processes, as a power cut or a stopped hypervisor does to all at once. */
  signal(signal: NodeJS.Signals): void {
    for (const pid of this.pids) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended since.
      }
    }
  }

  /** Loses what others send to it and what it sends to them. Others still reach it. */
  loseSightOf(others: readonly Machine[]): void {
    for (const { address } of others) ip('-n', this.name, 'route', 'add', 'blackhole', `${address}/32`);
  }

  /** Ends {@link loseSightOf}. */
  seeAgain(others: readonly Machine[]): void {
    for (const { address } of others) ip('-n', this.name, 'route', 'del', 'blackhole', `${address}/32`);
  }
}

/** Ends everything that {@link makeNetwork} and the machines have begun, so that a suite can begin again. */
export async function removeNetwork(machines: readonly Machine[]): Promise<void> {
  for (const machine of machines) machine.signal('SIGKILL');
  await eventually('all processes to end', () => machines.every(({ pids }) => pids.length === 0));
  for (const { name } of machines) {
    ip('link', 'del', `to-${name}`);
    ip('netns', 'del', name);
  }
  ip('link', 'del', 'switch');
  for (const place of mounted.splice(0).toReversed()) execFileSync('umount', ['--lazy', place]);
}
