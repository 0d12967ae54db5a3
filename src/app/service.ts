import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startEmbeddedPostgres } from '../embedded-postgres/embedded-postgres.js';
import { databaseFaultOf } from '../payments/database/database-fault.js';
import { describeError } from '../payments/common/describe-error.js';
import type { IssuerMetadata } from '../payments/http/access/issuer-keys.js';
import { KeyRingWatcher } from '../payments/key-ring/key-ring-watcher.js';
import { isKeyRingMade, openServiceKeyRing } from './service-key-ring.js';
import { makeDataFolder } from './data-folder.js';
import { DatabaseConnection } from './database-connection.js';
import { banner, demoProject, type BannerParts } from './demo.js';
import { Draining, type DrainingTimes } from './draining.js';
import { localUrl, type Env } from './env.js';
import { serveDocs, startAtDocs, type ExplorerSignIn } from './explorer.js';
import { KnownIssuer } from './known-issuer.js';
import { Listener } from './listener.js';
import { LogDestination } from './log-destination.js';
import { serviceLogger } from './logging.js';
import { openApiDocument } from './openapi.js';
import { pageSignIn } from './page-sign-in.js';
import { requestIds } from './request-id.js';
import { createLogger, createServer } from './server.js';
import { openSignIn, type SignIn } from './sign-in-server/sign-in.js';
import { openTelemetry } from './telemetry/telemetry.js';
import { serveUi } from './ui.js';
import { unlessAborted } from './unless-aborted.js';
import type { ServiceLogger } from './service-logger.js';

/** Reserved for closing after the draining, in milliseconds. */
const CLOSING_MS = 1_000;
/** How long the last lines of the log may take, in milliseconds. */
const LOG_LIMIT_MS = 1_000;

/** The running service. */
export interface Service {
  /** Reports that it is not ready, finishes running requests, refuses new ones, and closes everything that was opened. */
  stop(times: DrainingTimes): Promise<void>;
}

/**
 * Starts the standalone service: it listens first, and answers 503 until it is ready. What the settings leave out is
 * generated, outside production only.
 *
 * @param signal aborts the start: everything opened by then is closed, PostgreSQL included
 * @throws ListenError, DataFolderError, KeyRingError and EmbeddedPostgresError, whose messages say what to do
 */
export async function startService(env: Env, signal: AbortSignal): Promise<Service> {
  const log = new LogDestination(process.stdout);
  const logger = createLogger(env.logLevel, log);
  const events = serviceLogger('Service', logger);
  log.onDropped = (count) => {
    events.write('log.lines_dropped', { count });
  };
  const listener = new Listener({
    logger,
    requestIdOf: requestIds(env.requestIdHeader),
    requestsAtOnce: env.requestsAtOnce,
    origins: env.origins,
  });
  const opened: (() => Promise<void>)[] = [() => log.drained(LOG_LIMIT_MS)];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.toReversed()) await close();
  };
  const untilEnded = <T>(work: Promise<T>): Promise<T> => unlessAborted(work, signal);
  try {
    const url = await listener.listen(env.port, env.host);
    opened.push(() => listener.close());
    const telemetry = await openTelemetry(env.telemetry, logger);
    opened.push(() => telemetry.close());
    if (isKeyRingMade(env) || env.databaseUrl === undefined || env.auth.kind === 'development') {
      makeDataFolder(env.dataDir);
    }
    // It is loaded while PostgreSQL starts.
    const opening = openSignIn(env, url, events, opened);
    opening.catch(() => undefined);
    const keyRing = await untilEnded(openServiceKeyRing(env));
    const databaseUrl = env.databaseUrl ?? (await embeddedDatabase(env, signal, opened));
    const signIn = await untilEnded(opening);
    const app = await untilEnded(
      createServer({
        databaseUrl,
        keyRing,
        auth: signIn.auth,
        publicBaseUrl: env.publicBaseUrl ?? localUrl(env.port),
        stripeApiBase: env.stripeApiBase,
        webhookSecretOverlapHours: env.webhookSecretOverlapHours,
        eventRetentionDays: env.eventRetentionDays,
        eraseEventsOnDelete: env.eraseEventsOnDelete,
        maxProjectsPerOwner: env.maxProjectsPerOwner,
        limits: { eventsAtOnce: env.eventsAtOnce },
        logLevel: env.logLevel,
        requestIdHeader: env.requestIdHeader,
        observed: telemetry.http,
        listener: { server: listener, logger },
      }),
    );
    opened.push(() => app.close());
    for (const warning of env.warnings) events.write('setting.insecure', { warning });
    const { auth } = signIn;
    const issuer = new KnownIssuer(auth.kind === 'issuer' ? auth.issuer : undefined, events);
    if (env.ui) serveUi(app, async () => pageSignIn(signIn, await issuer.metadata()));
    if (env.docs) {
      if (!env.ui) startAtDocs(app);
      const metadata = await untilEnded(issuer.metadata());
      serveDocs(
        app,
        () => openApiDocument(app, { issuer: metadata, server: env.publicBaseUrl }),
        explorerSignIn(signIn, metadata),
      );
    }
    const reloadKeyRing = (): void => void app.get(KeyRingWatcher).reload();
    process.on('SIGHUP', reloadKeyRing);
    opened.push(() => Promise.resolve(void process.off('SIGHUP', reloadKeyRing)));
    await untilEnded(app.get(DatabaseConnection).open(signal));
    await untilEnded(app.init());
    await untilEnded(Promise.resolve(app.getHttpAdapter().getInstance().ready()));
    signIn.remember();
    listener.open();
    events.write('service.ready');
    if (signIn.demoToken !== undefined) {
      await untilEnded(
        printBanner(app, { url, ui: env.ui, docs: env.docs, token: signIn.demoToken }, events),
      );
    }
    return {
      async stop({ delayMs, limitMs }) {
        await app.get(Draining).drain(listener.server, { delayMs, limitMs: limitMs - CLOSING_MS });
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function embeddedDatabase(
  { dataDir }: Env,
  signal: AbortSignal,
  opened: (() => Promise<void>)[],
): Promise<string> {
  const database = await startEmbeddedPostgres(dataDir, signal);
  opened.push(() => database.stop());
  return database.url;
}

/** Without a client or an address of the provider it could not work, and is not offered. */
function explorerSignIn(
  { auth, explorer }: SignIn,
  issuer: IssuerMetadata | undefined,
): ExplorerSignIn | undefined {
  const { authorization_endpoint: authorizationUrl, token_endpoint: tokenUrl } = issuer ?? {};
  if (explorer === undefined || auth.kind !== 'issuer') return undefined;
  if (authorizationUrl === undefined || tokenUrl === undefined) return undefined;
  // It requests a token for one service only.
  const [audience = ''] = [auth.audience].flat();
  return { ...explorer, audience, authorizationUrl, tokenUrl };
}

async function printBanner(
  app: NestFastifyApplication,
  parts: BannerParts,
  events: ServiceLogger,
): Promise<void> {
  try {
    process.stdout.write(banner(parts, await demoProject(app)));
  } catch (error) {
    events.write('demo_project.unavailable', { ...describeError(error), ...databaseFaultOf(error) });
  }
}
