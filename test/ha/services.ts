import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import jsonwebtoken from 'jsonwebtoken';
import { createKeyRingFile } from '../../src/payments/crypto/key-ring-file.js';
import { eventually } from '../support/eventually.js';
import { Machine, ROOT, WORK } from './machine.js';

export const PORT = 3000;
const OWNER = 'owner';

/** Two replicas of the service, with the settings of production. */
export class Services {
  readonly machines = [41, 42].map((number, index) => new Machine(`service${String(index + 1)}`, number));
  private readonly secret = randomBytes(48).toString('base64url');
  private readonly keyRing = join(ROOT, WORK, 'keys', 'ring.json');
  private readonly processes = new Map<Machine, ChildProcess>();

  constructor(private readonly databaseUrl: string) {}

  /** For the owner of the projects. */
  get token(): string {
    return jsonwebtoken.sign({}, this.secret, { subject: OWNER, expiresIn: '12h' });
  }

  async start(): Promise<void> {
    mkdirSync(join(this.keyRing, '..'), { mode: 0o700 });
    await createKeyRingFile(this.keyRing);
    // One after the other: both would migrate.
    for (const machine of this.machines) {
      this.startOne(machine);
      await this.isReady(machine);
    }
  }

  /** Restarts one after the other, each when the one before serves again, as a rollout does. */
  async roll(): Promise<void> {
    for (const machine of this.machines) {
      const running = this.processes.get(machine);
      running?.kill('SIGTERM');
      if (running !== undefined) await once(running, 'exit');
      this.startOne(machine);
      await this.isReady(machine);
      // What the proxy needs to take it in again.
      await new Promise((resolve) => setTimeout(resolve, 2_500));
    }
  }

  private startOne(machine: Machine): void {
    const service = machine.run(process.execPath, ['test/ha/service.js'], {
      NODE_ENV: 'development',
      HOST: machine.address,
      PORT: String(PORT),
      DATABASE_URL: this.databaseUrl,
      KEY_RING_FILE: this.keyRing,
      AUTH_JWT_SECRET: this.secret,
      REQUEST_ID_HEADER: 'x-request-id',
      LOG_LEVEL: process.env.HA_LOG_LEVEL ?? 'fatal',
      // What production has when nothing is said.
      SHUTDOWN_DELAY_SECONDS: '7',
    });
    this.processes.set(machine, service);
  }

  private async isReady({ address, name }: Machine): Promise<void> {
    await eventually(`${name} to be ready`, () =>
      fetch(`http://${address}:${String(PORT)}/health/ready`).then(
        ({ ok, body }) => body?.cancel().then(() => ok),
        () => false,
      ),
    );
  }
}
