// A host of the built module without HTTP, in a process of its own, that either closes or forgets to.
import { createSecretKey, randomBytes } from 'node:crypto';
import { env, stdout } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { KeyRing, PaymentsModule, ringKey } from '../../dist/index.js';
import { paymentsEntities, paymentsMigrations } from '../../dist/typeorm.js';

const LISTENING = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query ^@ 'LISTEN' AND state = 'idle'`;

class HostModule {}

const app = await NestFactory.createApplicationContext(
  {
    module: HostModule,
    imports: [
      TypeOrmModule.forRoot({
        type: 'postgres',
        url: env.DATABASE_URL,
        entities: paymentsEntities,
        migrations: paymentsMigrations,
        migrationsRun: true,
        migrationsTransactionMode: 'each',
        installExtensions: false,
        // Who forgets to close lets the pool's own connections go; they would not wait for being closed, either.
        extra: { allowExitOnIdle: env.CLOSES !== 'true' },
      }),
      PaymentsModule.forRoot({
        keyRing: new KeyRing([ringKey(randomBytes(32), 'active')]),
        projects: {
          findOwner: () => Promise.resolve('alice'),
          listOwnedBy: () => Promise.resolve({ projects: [], total: 0 }),
        },
        publicBaseUrl: 'http://localhost',
        auth: { secret: createSecretKey(randomBytes(32)) },
      }),
    ],
  },
  { logger: ['error'] },
);
while ((await app.get(DataSource).query(LISTENING)).length === 0) await delay(20);
stdout.write('started\n');
if (env.CLOSES === 'true') {
  // Then nothing but us is left that could keep the process alive.
  await app.get(DataSource).destroy();
  await app.close();
  stdout.write('closed\n');
}
