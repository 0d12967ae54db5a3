// A host of the built module in a process of its own, with one handler: it writes each event down in the table `effects`
// through the worker's transaction. It takes webhooks at PORT, or only works when that is not set.
import { createSecretKey } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from '../../dist/app/app.module.js';
import { DatabaseConnection } from '../../dist/app/database-connection.js';
import { OnStripeEvent, readKeyRingFile } from '../../dist/index.js';

const { DATABASE_URL, KEY_RING_FILE, AUTH_JWT_SECRET, PORT, PUBLIC_BASE_URL, FAIL_EVERY, HANG_TYPE } =
  process.env;

class Effects {
  handled = 0;

  async apply(event, { transaction, projectId, mode }) {
    this.handled += 1;
    // Until the database ends the transaction.
    if (event.type === HANG_TYPE) await new Promise(() => undefined);
    await transaction.query('INSERT INTO effects (project_id, mode, event_id, pid) VALUES ($1, $2, $3, $4)', [
      projectId,
      mode,
      event.id,
      process.pid,
    ]);
    if (FAIL_EVERY !== undefined && this.handled % Number(FAIL_EVERY) === 0) throw new Error('as asked');
  }
}
const descriptor = Object.getOwnPropertyDescriptor(Effects.prototype, 'apply');
OnStripeEvent('*')(Effects.prototype, 'apply', descriptor);

class HostModule {}

const parts = AppModule.with({
  databaseUrl: DATABASE_URL,
  keyRing: await readKeyRingFile(KEY_RING_FILE, { allowDevelopment: true }),
  auth: { secret: createSecretKey(Buffer.from(AUTH_JWT_SECRET)) },
  publicBaseUrl: PUBLIC_BASE_URL ?? 'http://localhost',
});
// Without the service's own handler, which would share the events.
parts.providers = parts.providers.filter((provider) => provider.name !== 'EventLog');
const root = { module: HostModule, imports: [parts], providers: [Effects] };

if (PORT === undefined) {
  const app = await NestFactory.createApplicationContext(root, { logger: ['error'] });
  await app.get(DatabaseConnection).open();
  app.enableShutdownHooks();
  process.stdout.write('working\n');
} else {
  const adapter = new FastifyAdapter();
  const app = await NestFactory.create(root, adapter, { logger: ['error'], bodyParser: false });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
  await app.get(DatabaseConnection).open();
  app.enableShutdownHooks();
  await app.listen(Number(PORT), '127.0.0.1');
  process.stdout.write(`listening at ${await app.getUrl()}\n`);
}
