import { expectedMask, fakeCredential } from './support/credentials.js';
import { configPath, startTestService, type TestService } from './support/service.js';

let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());
beforeEach(async () => {
  projectId = await service.createProject();
});

const put = (body: unknown) => service.request('PUT', configPath(projectId), { body });
const get = () => service.request('GET', configPath(projectId));

describe('PUT, GET and DELETE of a configuration', () => {
  it('creates with all 15 members and shows masks only', async () => {
    const key = fakeCredential('test_secret_key');
    const { status, headers, json } = await put({ test_secret_key: key });

    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(json).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      project_id: projectId,
      is_active: true,
      has_test_credentials: true,
      has_live_credentials: false,
      test_secret_key_masked: expectedMask('test_secret_key', key),
      test_publishable_key_masked: null,
      test_webhook_secret_masked: null,
      live_secret_key_masked: null,
      live_publishable_key_masked: null,
      live_webhook_secret_masked: null,
      test_configured_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      live_configured_at: null,
      created_at: expect.any(String),
      updated_at: (json as { created_at: string }).created_at,
    });
  });

  it('answers the JSON value null before the first PUT', async () => {
    const { status, headers, text } = await get();
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    expect(text).toBe('null');
  });
});
