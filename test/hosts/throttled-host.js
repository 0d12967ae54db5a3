// A host of the built module with a throttler, in a process of its own: Jest cannot load a CommonJS package that requires
// ES modules, as @nestjs/throttler does.
import { Buffer } from 'node:buffer';
import { createSecretKey, randomBytes } from 'node:crypto';
import { env, stdout } from 'node:process';
import { Controller, Get } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { TypeOrmModule } from '@nestjs/typeorm';
import { KeyRing, PaymentsModule, ringKey } from '../../dist/index.js';
import { paymentsEntities, paymentsMigrations } from '../../dist/typeorm.js';

const { ADAPTER, AUTH_JWT_SECRET, DATABASE_URL, LIMIT, SPARED_PATH } = env;

class TeaController {
  list() {
    return ['tea'];
  }
}
Get()(TeaController.prototype, 'list', Object.getOwnPropertyDescriptor(TeaController.prototype, 'list'));
Controller('teas')(TeaController);

class TeaModule {}

const root = {
  module: TeaModule,
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: DATABASE_URL,
      entities: paymentsEntities,
      migrations: paymentsMigrations,
      migrationsRun: true,
      migrationsTransactionMode: 'each',
      installExtensions: false,
    }),
    ThrottlerModule.forRoot([
      {
        ttl: 60_000,
        limit: Number(LIMIT),
        skipIf: (context) => SPARED_PATH && context.switchToHttp().getRequest().url.startsWith(SPARED_PATH),
      },
    ]),
    PaymentsModule.forRoot({
      keyRing: new KeyRing([ringKey(randomBytes(32), 'active')]),
      projects: {
        findOwner: () => Promise.resolve('alice'),
        listOwnedBy: () => Promise.resolve({ projects: [], total: 0 }),
      },
      auth: { secret: createSecretKey(Buffer.from(AUTH_JWT_SECRET)) },
      publicBaseUrl: 'http://localhost',
    }),
  ],
  controllers: [TeaController],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
};

const adapter = ADAPTER === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
const app = await NestFactory.create(root, adapter, { logger: ['error'] });
await app.listen(0, '127.0.0.1');
stdout.write(`listening at ${await app.getUrl()}\n`);
