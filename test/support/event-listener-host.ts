import { createSecretKey } from 'node:crypto';
import { Module, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { pino, type DestinationStream } from 'pino';
import { AppModule } from '../../src/app/app.module.js';
import { DatabaseConnection } from '../../src/app/database-connection.js';
import { EventLog } from '../../src/app/event-log.js';
import { PinoLogger } from '../../src/app/logging.js';
import type { KeyRing } from '../../src/payments/crypto/key-ring.js';
import { Sealer } from '../../src/payments/crypto/sealer.js';
import { CurrentKeyRing } from '../../src/payments/key-ring/current-key-ring.js';
import { EventWorker } from '../../src/payments/stripe-webhooks/event-worker.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { TEST_PUBLIC_URL, TEST_SECRET, testClient, testKeyRing, type TestService } from './service.js';

export interface EventHostOptions extends Pick<ModuleMetadata, 'providers' | 'controllers'> {
  /** Default: an empty one, dropped at the end. */
  database?: TestDatabase;
  keyRing?: KeyRing;
  logDestination?: DestinationStream;
  /** Default: 4. */
  eventsAtOnce?: number;
}

/** An application that has the payments module and handlers of its own, in this process. */
export interface EventHost extends TestService {
  sealer: Sealer;
  keys: CurrentKeyRing;
  /** Lets it look for events now. */
  wake(): void;
}

@Module({})
class HostModule {}

/** Starts a host of the payments module, without the standalone service's own handler. */
export async function startEventHost({
  providers = [],
  controllers = [],
  ...options
}: EventHostOptions): Promise<EventHost> {
  const database = options.database ?? (await createTestDatabase());
  const parts = AppModule.with({
    databaseUrl: database.url,
    keyRing: options.keyRing ?? testKeyRing(),
    auth: { secret: createSecretKey(TEST_SECRET) },
    publicBaseUrl: TEST_PUBLIC_URL,
    stripeApiBase: 'http://127.0.0.1:9',
    ...(options.eventsAtOnce !== undefined && { limits: { eventsAtOnce: options.eventsAtOnce } }),
  });
  const imported = {
    ...parts,
    providers: parts.providers?.filter((provider) => provider !== EventLog) ?? [],
  };
  const logger = pino({ level: options.logDestination ? 'trace' : 'silent' }, options.logDestination);
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: HostModule, imports: [imported], providers, controllers },
    new FastifyAdapter(),
    { bodyParser: false, abortOnError: false, logger: new PinoLogger(logger) },
  );
  leaveBodies(app);
  await app.get(DatabaseConnection).open();
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    url,
    app,
    database,
    sealer: app.get(Sealer),
    keys: app.get(CurrentKeyRing),
    wake: () => {
      app.get(EventWorker).wake();
    },
    ...testClient(url),
    async stop() {
      await app.close();
      if (options.database === undefined) await database.drop();
    },
  };
}

/** Bodies stay on the stream, where the module reads them itself. */
function leaveBodies(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, _payload, done) => {
    done(null);
  });
}
