import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { PoolClient } from 'pg';
import type { DataSource } from 'typeorm';
import { PAYMENTS_DATA_SOURCE, borrowConnection } from '../database.js';
import { Periodic } from '../periodic.js';

/** How often to see whether the connection still listens, in milliseconds. */
const CHECK_MS = 60_000;

/** Hears from the database which configurations change, on a connection of its own for as long as somebody listens. */
@Injectable()
export class ConfigChanges implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly listeners: ((projectId: string | undefined) => void)[] = [];
  private connection: PoolClient | undefined;
  private readonly periodic = new Periodic('Configuration changes', async () => {
    await this.listen();
    return CHECK_MS;
  });

  constructor(@Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource) {}

  /** @param listener is told the project; undefined: changes may have been missed */
  subscribe(listener: (projectId: string | undefined) => void): void {
    this.listeners.push(listener);
  }

  onApplicationBootstrap(): void {
    this.periodic.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.periodic.stop();
    this.connection?.release(true);
    this.connection = undefined;
  }

  private async listen(): Promise<void> {
    if (this.connection !== undefined) return;
    const connection = await borrowConnection(this.dataSource);
    connection.on('notification', ({ payload }) => {
      this.tell(payload);
    });
    connection.once('error', () => {
      this.connection = undefined;
      connection.release(true);
      this.periodic.wake();
    });
    await connection.query('LISTEN stripe_config_changed');
    this.connection = connection;
    this.tell(undefined);
  }

  private tell(projectId: string | undefined): void {
    for (const listener of this.listeners) listener(projectId);
  }
}
