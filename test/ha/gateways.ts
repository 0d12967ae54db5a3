import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Machine, ROOT } from './machine.js';

/** Where the services reach the database: PgBouncer in transaction mode, and behind it HAProxy, which knows the leader. */
export class Pooler {
  readonly machine = new Machine('pooler', 21);
  private bouncer: ChildProcess | undefined;

  constructor(nodes: readonly Machine[]) {
    this.machine.makeFolder('postgres');
    const { folder, address } = this.machine;
    const servers = nodes.map(({ name, address: node }) => `  server ${name} ${node}:5432 check port 8008`);
    writeFileSync(
      join(ROOT, folder, 'haproxy.cfg'),
      `defaults
  mode tcp
  timeout connect 1s
  timeout client 1h
  timeout server 1h
  timeout check 1s
listen leader
  bind 127.0.0.1:5000
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
${servers.join('\n')}
`,
    );
    writeFileSync(
      join(ROOT, folder, 'pgbouncer.ini'),
      `[databases]
* = host=127.0.0.1 port=5000 user=postgres
[pgbouncer]
listen_addr = ${address}
listen_port = 6432
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_prepared_statements = 200
default_pool_size = 20
ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout
server_connect_timeout = 2
server_login_retry = 1
query_wait_timeout = 3
`,
    );
  }

  get url(): string {
    return `postgres://postgres@${this.machine.address}:6432/postgres`;
  }

  start(): void {
    const { folder } = this.machine;
    this.machine.runInRoot('postgres', ['haproxy', '-db', '-f', `${folder}/haproxy.cfg`]);
    this.startBouncer();
  }

  /** As an upgrade of PgBouncer does: its connections are cut. */
  async restart(): Promise<void> {
    this.bouncer?.kill('SIGKILL');
    if (this.bouncer !== undefined) await once(this.bouncer, 'exit');
    this.startBouncer();
  }

  private startBouncer(): void {
    this.bouncer = this.machine.runInRoot('postgres', ['pgbouncer', `${this.machine.folder}/pgbouncer.ini`]);
  }
}

/** What the world reaches: HAProxy with the settings of the guide (docs/operations.md). */
export class Front {
  readonly machine = new Machine('front', 31);

  constructor(services: readonly Machine[], port: number) {
    this.machine.makeFolder('postgres');
    const servers = services.map(({ name, address }) => `  server ${name} ${address}:${String(port)}`);
    writeFileSync(
      join(ROOT, this.machine.folder, 'haproxy.cfg'),
      `defaults
  mode http
  retries 0
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend all
  bind ${this.machine.address}:8080
  default_backend services
backend services
  balance roundrobin
  option httpchk GET /health/ready
  default-server check inter 2s fall 3 rise 1
${servers.join('\n')}
`,
    );
  }

  get url(): string {
    return `http://${this.machine.address}:8080`;
  }

  start(): void {
    this.machine.runInRoot('postgres', ['haproxy', '-db', '-f', `${this.machine.folder}/haproxy.cfg`]);
  }
}
