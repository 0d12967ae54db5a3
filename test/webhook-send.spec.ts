import { join } from 'node:path';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import {
  cleanUp,
  runCommand,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
  type Settings,
} from './support/process.js';
import { configPath, projectPath } from './support/service.js';

const SECRET = fakeCredential('live_webhook_secret', 'sent');

let database: TestDatabase;
let service: ServiceProcess;
let project: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  service = await startServiceProcess(serviceSettings(database.url, keyRingFile));
  project = await service.createProject();
  await service.request('PUT', configPath(project), { body: { live_webhook_secret: SECRET } });
});
afterAll(async () => {
  await service.stop();
  await cleanUp();
  await database.drop();
});

const send = (settings: Settings, ...more: string[]) =>
  runCommand('webhook-send', ['--project', project, '--mode', 'live', ...more], {
    PUBLIC_BASE_URL: service.url,
    ...settings,
  });

describe('npm run webhook:send', () => {
  it('sends an event that is handled and listed', async () => {
    const { code, stdout } = await send(
      { WEBHOOK_SECRET: SECRET },
      '--type',
      'customer.subscription.deleted',
    );
    expect(code).toBe(0);
    const [, id] =
      /^(evt_\w+) customer\.subscription\.deleted\n200 \{"received":true\}\n$/.exec(stdout) ?? [];
    const listed = await eventually('the event is handled', async () => {
      const path = projectPath(project, 'events?mode=live&status=handled&type=customer.subscription.deleted');
      const [event] = ((await service.request('GET', path)).json as { events: { id: string }[] }).events;
      return event;
    });
    expect(listed.id).toBe(id);
  });

  it.each<[string, () => Settings, string[], RegExp]>([
    ['without a secret', () => ({}), [], /^Set WEBHOOK_SECRET /],
    [
      'with another secret',
      () => ({ WEBHOOK_SECRET: fakeCredential('live_webhook_secret', 'other') }),
      [],
      /did not take it/,
    ],
    [
      'to an address where nothing answers',
      () => ({ WEBHOOK_SECRET: SECRET, PUBLIC_BASE_URL: 'http://127.0.0.1:9' }),
      [],
      /Nothing answers .* start the service/,
    ],
    ['of no type', () => ({ WEBHOOK_SECRET: SECRET }), ['--type', 'paid'], /invoice\.paid/],
    ['of no mode', () => ({ WEBHOOK_SECRET: SECRET }), ['--mode', 'both'], /test, live/],
  ])('%s says what to do', async (_, settings, more, message) => {
    const { code, stdout, stderr } = await send(settings(), ...more);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stdout + stderr).not.toContain(SECRET);
  });
});
