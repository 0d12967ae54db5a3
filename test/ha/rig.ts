import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { eventually } from '../support/eventually.js';
import { Cluster } from './cluster.js';
import { Front, Pooler } from './gateways.js';
import { Load, type Result } from './load.js';
import { makeNetwork, removeNetwork, type Machine } from './machine.js';
import { PORT, Services } from './services.js';

/** How long requests go on before a fault and after it, in milliseconds. */
const CALM_MS = 3_000;

/** What happens to the machines. It ends when all is whole again. */
export type Fault = (rig: Rig) => Promise<void>;

/** Clients, a proxy, two services, a pooler and three nodes of the database, in this order. */
export class Rig {
  private constructor(
    readonly cluster: Cluster,
    readonly pooler: Pooler,
    readonly services: Services,
    private readonly front: Front,
    private readonly load: Load,
    private readonly database: pg.Pool,
  ) {}

  /** @param isSynchronous whether the database acknowledges only what a standby has, too */
  static async start({ isSynchronous }: { isSynchronous: boolean }): Promise<Rig> {
    makeNetwork();
    const cluster = new Cluster(isSynchronous);
    for (const node of cluster.nodes) cluster.start(node);
    const pooler = new Pooler(cluster.nodes);
    pooler.start();
    await cluster.isWhole();
    const services = new Services(pooler.url);
    const database = new pg.Pool({ connectionString: pooler.url, max: 1, query_timeout: 5_000 });
    database.on('error', () => undefined);
    await services.start();
    await database.query('CREATE TABLE effects (project_id text NOT NULL, event_id text NOT NULL)');
    const front = new Front(services.machines, PORT);
    front.start();
    await eventually('the proxy', () =>
      fetch(`${front.url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    const load = new Load(front.url, services.token);
    await load.prepare();
    return new Rig(cluster, pooler, services, front, load, database);
  }

  /** What a fault costs under load. */
  async cost(fault: Fault): Promise<Result> {
    this.load.start();
    await delay(CALM_MS);
    await fault(this);
    await this.cluster.isWhole();
    await delay(CALM_MS);
    return this.load.stop(this.database);
  }

  async stop(): Promise<void> {
    this.load.close();
    await this.database.end();
    await removeNetwork(this.machines);
  }

  private get machines(): Machine[] {
    const { cluster, pooler, services, front } = this;
    return [...cluster.nodes, ...cluster.arbiters, pooler.machine, ...services.machines, front.machine];
  }
}
