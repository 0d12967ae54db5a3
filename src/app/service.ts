import { createSecretKey } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { KeyRingError } from '../payments/crypto/key-ring.js';
import { openKeyRingFile, type KeyRingFile } from '../payments/crypto/key-ring-file.js';
import { fetchIssuerMetadata, type IssuerMetadata } from '../payments/http/issuer-keys.js';
import { KeyRingUpkeep } from '../payments/key-custody/key-ring-upkeep.js';
import type { AccessTokenOptions } from '../payments/payments.options.js';
import { DatabaseConnection } from './database-connection.js';
import {
  banner,
  demoProject,
  developmentKeyRingFile,
  developmentSecret,
  developmentToken,
} from './development.js';
import { Draining } from './draining.js';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { localUrl, type Env } from './env.js';
import { openApiDocument, serveDocs } from './openapi.js';
import { createServer } from './server.js';

/** The running service. */
export interface Service {
  /** Ends what runs, refuses what is new, and closes everything that was opened. */
  stop(): Promise<void>;
}

/**
 * Starts the standalone service: what the settings leave out is made up first, outside production only.
 *
 * @throws KeyRingError, EmbeddedPostgresError and system errors (an address in use), whose messages say what to do
 */
export async function startService(env: Env): Promise<Service> {
  const keyRing = await keyRingOf(env);
  const database =
    env.databaseUrl === undefined
      ? await startEmbeddedPostgres(env.dataDir)
      : { url: env.databaseUrl, stop: () => Promise.resolve() };
  try {
    const app = await createServer({
      databaseUrl: database.url,
      keyRing,
      auth: accessTokenOptions(env),
      publicBaseUrl: env.publicBaseUrl ?? localUrl(env.port),
      stripeApiBase: env.stripeApiBase,
      webhookSecretOverlapHours: env.webhookSecretOverlapHours,
      logLevel: env.logLevel,
    });
    for (const warning of env.warnings) new Logger('Settings').warn({ event: 'setting', warning });
    if (env.docs)
      serveDocs(app, openApiDocument(app, { issuer: await issuerMetadata(env), server: env.publicBaseUrl }));
    const reloadKeyRing = (): void => void app.get(KeyRingUpkeep).reload();
    process.on('SIGHUP', reloadKeyRing);
    await app.get(DatabaseConnection).open();
    await app.listen(env.port, env.host);
    if (env.auth.kind === 'development') await printBanner(app, env);
    return {
      async stop() {
        await app.get(Draining).drain(app.getHttpServer());
        await app.close();
        process.off('SIGHUP', reloadKeyRing);
        await database.stop();
      },
    };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

async function keyRingOf(env: Env): Promise<KeyRingFile> {
  const file = env.keyRingFile ?? (await developmentKeyRingFile(env.dataDir));
  const options = {
    allowDevelopment: !env.production,
    keyServices: {
      allowLoopbackHttp: !env.production,
      vaultToken: env.vaultToken,
      vaultNamespace: env.vaultNamespace,
    },
  };
  try {
    return await openKeyRingFile(file, options);
  } catch (error) {
    throw error instanceof KeyRingError ? new KeyRingError(`KEY_RING_FILE: ${error.message}`) : error;
  }
}

function accessTokenOptions({ auth, dataDir }: Env): AccessTokenOptions {
  return auth.kind === 'development'
    ? { secret: createSecretKey(developmentSecret(dataDir)), requiredScope: auth.requiredScope }
    : auth;
}

/** The explorer's Authorize needs the identity provider's addresses; without them the rest still works. */
async function issuerMetadata({ auth }: Env): Promise<IssuerMetadata | undefined> {
  if (auth.kind !== 'issuer') return undefined;
  try {
    return await fetchIssuerMetadata(auth.issuer);
  } catch {
    new Logger('Docs').warn({
      event: 'the explorer lacks the identity provider’s addresses until the next start',
    });
    return undefined;
  }
}

async function printBanner(app: NestFastifyApplication, { dataDir, docs, auth }: Env): Promise<void> {
  const token = developmentToken(developmentSecret(dataDir), { scope: auth.requiredScope });
  try {
    process.stdout.write(banner(await app.getUrl(), docs, token, await demoProject(app)));
  } catch {
    new Logger('Demo').warn({ event: 'no demo project, because the database is not reachable' });
  }
}
