import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/eventually.js';
import { Machine, ROOT } from './machine.js';

/** Between two questions to Patroni, in milliseconds. */
const ASK_MS = 500;
const SCOPE = 'payments';
const SERVER = '/usr/lib/postgresql/17/bin';

/** What Patroni says of one node. */
interface Member {
  name: string;
  /** `leader`, `sync_standby` or `replica`. */
  role: string;
  state: string;
}

/** Three nodes of PostgreSQL under Patroni. */
export class Cluster {
  readonly nodes = [11, 12, 13].map((number, index) => new Machine(`db${String(index + 1)}`, number));
  /**
   * Members of etcd, on machines of their own: one that leads and stands still together with the leader of PostgreSQL may take
   * the lease of the new leader away when it wakes, and what that one has acknowledged is lost.
   */
  readonly arbiters = [14, 15, 16].map((number, index) => new Machine(`etcd${String(index + 1)}`, number));

  /** @param isSynchronous whether a commit waits until a standby has it */
  constructor(private readonly isSynchronous: boolean) {
    for (const arbiter of this.arbiters) {
      arbiter.makeFolder('postgres');
      this.startEtcd(arbiter);
    }
    for (const node of this.nodes) {
      node.makeFolder('postgres');
      writeFileSync(join(ROOT, node.folder, 'patroni.yml'), JSON.stringify(this.patroni(node)));
    }
  }

  /** Starts what a node runs when it is switched on. */
  start(node: Machine): void {
    node.runInRoot('postgres', ['patroni', `${node.folder}/patroni.yml`]);
  }

  private startEtcd(arbiter: Machine): void {
    const { address, folder, name } = arbiter;
    arbiter.runInRoot('postgres', [
      'etcd',
      `--name=${name}`,
      `--data-dir=${folder}/etcd`,
      `--listen-client-urls=http://${address}:2379`,
      `--advertise-client-urls=http://${address}:2379`,
      `--listen-peer-urls=http://${address}:2380`,
      `--initial-advertise-peer-urls=http://${address}:2380`,
      `--initial-cluster=${this.arbiters.map((each) => `${each.name}=http://${each.address}:2380`).join(',')}`,
      '--log-level=error',
    ]);
  }

  /** Waits until all three nodes are up: one leads, the others follow, and commits wait for one of these. */
  async isWhole(): Promise<void> {
    await eventually(
      'three nodes that replicate',
      async () => {
        const members = await this.members();
        const running = members.filter(({ state }) => state === 'running' || state === 'streaming');
        const roles = members.map(({ role }) => role);
        const isReplicated = roles.includes('sync_standby') || !this.isSynchronous;
        return running.length === this.nodes.length && roles.includes('leader') && isReplicated;
      },
      180_000,
    );
  }

  /** The node that leads now, as a majority sees it. */
  async leader(): Promise<Machine> {
    return eventually('a leader', async () => {
      const leader = (await this.members()).find(({ role }) => role === 'leader');
      return this.nodes.find(({ name }) => name === leader?.name);
    });
  }

  /** A node that follows and that commits wait for; without synchronous replication any that follows. */
  async standby(): Promise<Machine> {
    const role = this.isSynchronous ? 'sync_standby' : 'replica';
    return eventually('a standby', async () => {
      const found = (await this.members()).find((each) => each.role === role);
      return this.nodes.find(({ name }) => name === found?.name);
    });
  }

  /** As most of the nodes see it: one that was cut off may still take itself for the leader. */
  private async members(): Promise<Member[]> {
    const seen = await Promise.all(this.nodes.map(async (node) => membersAsSeenBy(node).catch(() => [])));
    const leaderOf = (members: Member[]): string | undefined =>
      members.find(({ role }) => role === 'leader')?.name;
    const isShared = (members: Member[]): boolean =>
      leaderOf(members) !== undefined &&
      seen.filter((others) => leaderOf(others) === leaderOf(members)).length >= 2;
    return seen.find(isShared) ?? [];
  }

  private patroni({ name, address, folder }: Machine): object {
    const user = { username: 'postgres', password: 'not-asked-for' };
    return {
      scope: SCOPE,
      name,
      log: { level: 'INFO' },
      restapi: { listen: `${address}:8008`, connect_address: `${address}:8008` },
      etcd3: { hosts: this.arbiters.map((arbiter) => `${arbiter.address}:2379`) },
      bootstrap: {
        dcs: {
          // The shortest that Patroni allows; with its usual 30 s a failover takes ten seconds longer.
          ttl: 20,
          loop_wait: 2,
          retry_timeout: 3,
          synchronous_mode: this.isSynchronous,
          postgresql: {
            use_pg_rewind: true,
            parameters: { max_connections: 100, wal_keep_size: '256MB', wal_log_hints: 'on' },
          },
        },
        initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }],
      },
      postgresql: {
        listen: `${address}:5432`,
        connect_address: `${address}:5432`,
        data_dir: `${folder}/data`,
        bin_dir: SERVER,
        pgpass: `${folder}/pgpass`,
        authentication: { superuser: user, replication: user, rewind: user },
        parameters: { unix_socket_directories: folder },
        // Nobody else is on this network.
        pg_hba: [
          'local all all trust',
          'host all all 10.77.0.0/24 trust',
          'host replication all 10.77.0.0/24 trust',
        ],
        remove_data_directory_on_rewind_failure: true,
        remove_data_directory_on_diverged_timelines: true,
      },
    };
  }
}

/** Patroni answers slowly, and works for its cluster meanwhile, so it is not asked all the time. */
async function membersAsSeenBy({ address }: Machine): Promise<Member[]> {
  await delay(ASK_MS);
  const response = await fetch(`http://${address}:8008/cluster`, { signal: AbortSignal.timeout(1_000) });
  const { members } = (await response.json()) as { members: Member[] };
  return members;
}
