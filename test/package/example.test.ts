import { cp, mkdir, copyFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { launchChromium } from '../support/chromium.js';
import { expectedMask, fakeCredential } from '../support/credentials.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { ROOT, cleanUp, runProgram, temporaryFolder, waitForOutput } from '../support/process.js';
import { configPath, projectPath, testClient, type TestResponse } from '../support/service.js';
import { LocalStripe } from '../support/stripe/local-stripe.js';
import { deliver, snapshotEvent } from '../support/webhooks.js';
import { run } from '../support/run.js';
import { TARBALL, install } from './installed.js';

/** Does what `npm start` does in `examples/monolith`, in a copy, with the tarball that is there already. */
describe('the example of a monolith', () => {
  let database: TestDatabase;
  let stripe: LocalStripe;
  let url: string;
  let client: ReturnType<typeof testClient>;
  let project: string;
  let session: string;
  const secretKey = fakeCredential('test_secret_key', 'monolith');
  const publishableKey = fakeCredential('test_publishable_key', 'monolith');
  const webhookSecret = fakeCredential('test_webhook_secret', 'monolith');

  const request = (method: string, path: string, body?: unknown): Promise<TestResponse> =>
    client.request(method, path, { subject: null, body, headers: { authorization: session } });

  /** Delivers the event of a payment, whoever asked Stripe for it. */
  const paid = (metadata: Record<string, string>) =>
    deliver(
      client,
      project,
      'test',
      webhookSecret,
      snapshotEvent('test', {
        type: 'payment_intent.succeeded',
        data: { object: { id: 'pi_1', object: 'payment_intent', metadata } },
      }),
    );

  const buy = () => request('POST', `/checkout/${project}`, { amount: 1200 });

  beforeAll(async () => {
    database = await createTestDatabase();
    stripe = await LocalStripe.start();
    stripe.addAccount({ accountId: 'acct_1', key: secretKey });
    const folder = await temporaryFolder();
    const example = join(folder, 'examples/monolith');
    await mkdir(join(folder, 'build'));
    await copyFile(TARBALL, join(folder, 'build', basename(TARBALL)));
    await cp(join(ROOT, 'examples/monolith'), example, {
      recursive: true,
      filter: (path) => !/[/\\](?:node_modules|dist|\.data|package-lock\.json)$/.test(path),
    });
    await install(example);
    await run(example, 'npm', 'run', '--silent', 'build');
    const monolith = runProgram(join(example, 'dist/main.js'), [], {
      DATABASE_URL: database.url,
      KEY_RING_FILE: join(folder, 'ring.json'),
      PORT: '0',
      STRIPE_API_BASE: stripe.url,
    });
    url = await waitForOutput(monolith, /Listening at (http:\/\/[\w.:]+)/);
    client = testClient(url);
    // What it prints to be tried.
    project = await waitForOutput(monolith, /projects\/([0-9a-f-]{36})\/config/);
    session = await waitForOutput(monolith, /Authorization: (Bearer [\w.-]+)'/);
  });

  afterAll(async () => {
    await cleanUp();
    await stripe.stop();
    await database.drop();
  });

  it('sells, and marks as paid what Stripe says was paid', async () => {
    expect(await buy()).toMatchObject({ status: 409 });
    expect(await request('PUT', configPath(project), { test_secret_key: secretKey })).toMatchObject({
      status: 200,
    });
    // Without a publishable key nobody could pay.
    expect(await buy()).toMatchObject({ status: 409 });

    const body = {
      test_secret_key: secretKey,
      test_publishable_key: publishableKey,
      test_webhook_secret: webhookSecret,
    };
    expect(await request('PUT', configPath(project), body)).toMatchObject({ status: 200 });

    const clientSecret = 'pi_1_secret_of_the_test';
    stripe.fault = ({ path }) =>
      path === '/v1/payment_intents'
        ? {
            kind: 'json',
            status: 200,
            body: { id: 'pi_1', object: 'payment_intent', client_secret: clientSecret },
          }
        : undefined;
    const { status, json } = await buy();
    const { order } = json as { order: string };
    expect({ status, json }).toEqual({ status: 201, json: { order, clientSecret, publishableKey } });
    expect(stripe.requests).toMatchObject([
      {
        path: '/v1/payment_intents',
        key: secretKey,
        body: { amount: '1200', currency: 'eur', 'metadata[order]': order },
      },
    ]);

    expect(await request('GET', `/orders/${order}`)).toMatchObject({ json: { amount: 1200, paid: false } });
    // One that was not made here, like an invoice of the same account.
    expect(await paid({})).toMatchObject({ status: 200 });
    await eventually('the foreign payment to be handled', async () => {
      const { json } = await request('GET', projectPath(project, 'events'));
      return (json as { events: { status: string }[] }).events[0]?.status === 'handled';
    });
    expect(await request('GET', `/orders/${order}`)).toMatchObject({ json: { paid: false } });

    expect(await paid({ order })).toMatchObject({ status: 200 });
    await eventually('the order to be paid', async () => {
      const answer = await request('GET', `/orders/${order}`);
      return (answer.json as { paid: boolean }).paid;
    });
  });

  it('lets its people paste their keys on a page of its own, in its own session and under its own policy', async () => {
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => {
        // The browser writes a line for each answer that is an error.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
          problems.push(message.text());
      });
      await page.goto(`${url}/sign-in`);
      expect(await page.evaluate('document.cookie')).toBe('');
      await page.goto(`${url}/projects/${project}/settings`);
      const key = fakeCredential('live_secret_key', 'pasted');
      await page.getByRole('tab', { name: 'Live mode' }).click();
      await page.getByLabel('Secret or restricted key', { exact: true }).fill(key);
      await page.getByRole('button', { name: 'Store', exact: true }).click();
      await page.getByText(`Stored: ${expectedMask('live_secret_key', key)}`).waitFor();
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it('lets nobody in who has not signed in', async () => {
    const anonymous = { subject: null };
    expect(await client.request('GET', configPath(project), anonymous)).toMatchObject({ status: 401 });
    expect(await client.request('POST', `/checkout/${project}`, anonymous)).toMatchObject({ status: 401 });
    // Signed with another secret.
    expect(await client.request('GET', configPath(project))).toMatchObject({ status: 401 });
  });
});
