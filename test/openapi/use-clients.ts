// Uses two of the generated clients against a service: what they answer goes to standard output as JSON.
// One has types only; the other checks every answer against the schemas when it arrives.
import createClient from 'openapi-fetch';
import type { paths } from './generated/openapi-typescript.js';
import { createApiClient } from './generated/openapi-zod-client.js';

declare const process: { env: Record<string, string>; stdout: { write(text: string): void } };

const { URL = '', TOKEN = '', PROJECT = '', TEST_KEY = '', LIVE_KEY = '' } = process.env;
const CONFIG = '/api/v1/payments/stripe/projects/{project_id}/config';

const client = createClient<paths>({ baseUrl: URL, headers: { Authorization: `Bearer ${TOKEN}` } });
const params = { path: { project_id: PROJECT } };
const empty = await client.GET(CONFIG, { params });
const put = await client.PUT(CONFIG, { params, body: { test_secret_key: TEST_KEY } });
const refused = await client.PUT(CONFIG, { params, body: { test_secret_key: LIVE_KEY } });
const unknown = await client.GET(CONFIG, {
  params: { path: { project_id: '3c90c3cc-0d44-4b50-8888-8dd25736052a' } },
});
// The types know the codes of each status; this would not compile otherwise.
const code: 'project_not_found' | undefined =
  unknown.error !== undefined && 'code' in unknown.error && unknown.error.code === 'project_not_found'
    ? unknown.error.code
    : undefined;

const checked = createApiClient(URL, {
  axiosConfig: { headers: { Authorization: `Bearer ${TOKEN}` } },
});
const got = await checked.getStripeConfig({ params: { project_id: PROJECT } });
const health = await checked.getStripeConfigHealth({ params: { project_id: PROJECT } });
const list = await checked.listProjectPaymentConfigs();

process.stdout.write(
  JSON.stringify({
    empty: empty.data,
    mask: put.data?.test_secret_key_masked,
    refused: { status: refused.response.status, error: refused.error },
    unknown: { status: unknown.response.status, code },
    got: got?.test_secret_key_masked,
    health: health.test.webhook_endpoint,
    total: list.total,
  }),
);
