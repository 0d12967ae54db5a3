import { ANSWERS } from '../src/payments/http/errors/error-catalogue.js';
import type { AnswerCode } from '../src/payments/http/errors/answer-code.js';
import { operationsOf, readOpenApiDocument, type Json } from './support/openapi-document.js';
import {
  configPath,
  projectPath,
  startTestService,
  webhookPath,
  type RequestOptions,
  type TestService,
} from './support/service.js';

const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';

const operations = operationsOf(readOpenApiDocument());

const errorsOf = (place: string, status: string, mediaType: string) =>
  Object.entries(
    operations.find((each) => each.place === place)?.operation.responses[status]?.content?.[mediaType]
      ?.examples ?? {},
  );

describe('the examples of errors', () => {
  /** Every answer that is an error, in either form. */
  const errors = operations.flatMap(({ place, operation }) =>
    Object.entries(operation.responses)
      .filter(([status]) => Number(status) >= 400)
      .flatMap(([status, { content = {} }]) =>
        [JSON_TYPE, PROBLEM_TYPE].map((type) => ({ place, status, type, media: content[type] })),
      ),
  );

  it('are of each code that the answer may have, with its own status and texts', () => {
    expect(errors.length).toBeGreaterThan(300);
    for (const { place, status, media } of errors) {
      const examples = Object.entries(media?.examples ?? {});
      const where = `${place} ${status}`;
      expect([where, examples.length > 0]).toEqual([where, true]);
      for (const [name, { value }] of examples) {
        const code = status === '422' ? 'validation_failed' : (name as AnswerCode);
        expect([where, value]).toEqual([
          where,
          expect.objectContaining({
            type: `urn:nest-stripe-config:error:${code}`,
            title: ANSWERS[code].title,
            status: Number(status),
            code,
            ...(status !== '422' && { detail: ANSWERS[code].example }),
          }),
        ]);
      }
    }
  });

  it('are as many as the codes that the schema lists', () => {
    for (const { place, status, media } of errors) {
      if (status === '422') continue;
      const { allOf } = media?.schema as { allOf: [Json, { properties: { code: { enum: string[] } } }] };
      const codes = allOf[1].properties.code.enum;
      expect([place, status, codes]).toEqual([place, status, Object.keys(media?.examples ?? {})]);
    }
  });

  it('say something else for each code', () => {
    const texts = Object.values(ANSWERS).map(({ example }) => example);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('show a list on 422 in the documented form, and a sentence with a list in a problem', () => {
    for (const { status, type, media } of errors) {
      if (status !== '422') continue;
      for (const { value } of Object.values(media?.examples ?? {})) {
        const { detail, errors: list } = value as { detail: unknown; errors?: unknown };
        expect(Array.isArray(type === JSON_TYPE ? detail : list)).toBe(true);
        expect(typeof detail).toBe(type === JSON_TYPE ? 'object' : 'string');
      }
    }
  });

  describe('as the service sends them', () => {
    let service: TestService;
    let projectId: string;

    beforeAll(async () => {
      service = await startTestService();
      projectId = await service.createProject();
    });
    afterAll(() => service.stop());

    const CONFIG = configPath('{project_id}');
    const VALIDATE = projectPath('{project_id}', 'validate-credentials');
    const ENDPOINT = `${CONFIG}/{mode}/webhook-endpoint`;
    const NO_PROJECT = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
    const liveKey = `sk_live_${'x'.repeat(10)}`;

    const CASES: [
      example: string,
      status: number,
      operation: string,
      request?: RequestOptions & { id?: string },
    ][] = [
      ['not_authenticated', 401, `get ${CONFIG}`, { subject: null }],
      ['invalid_token', 401, `get ${CONFIG}`, { headers: { authorization: 'Bearer x' } }],
      ['not_project_owner', 403, `get ${CONFIG}`, { subject: 'bob' }],
      ['project_not_found', 404, `get ${CONFIG}`, { id: NO_PROJECT }],
      ['not_found', 404, `get ${ENDPOINT}`, { id: '{project_id}/x' }],
      ['config_not_found', 404, `delete ${CONFIG}`],
      ['config_not_found', 404, `get ${CONFIG}/health`],
      ['invalid_uuid', 422, `get ${CONFIG}`, { id: 'x' }],
      ['malformed_body', 400, `put ${CONFIG}`, { body: '{' }],
      [
        'unsupported_media_type',
        415,
        `put ${CONFIG}`,
        { body: '{}', headers: { 'content-type': 'text/plain' } },
      ],
      ['body_too_large', 413, `put ${CONFIG}`, { body: `"${'x'.repeat(17_000)}"` }],
      ['wrong_mode', 422, `put ${CONFIG}`, { body: { test_secret_key: liveKey } }],
      ['version_conflict', 412, `put ${CONFIG}`, { body: {}, headers: { 'if-match': '"7"' } }],
      ['missing', 422, `post ${VALIDATE}`, { body: {} }],
      ['credentials_missing', 409, `get ${ENDPOINT}`],
      ['not_a_list', 422, `post ${ENDPOINT}`, { body: { event_types: 'x' } }],
      ['out_of_range', 422, `get ${CONFIG}/history`, { id: '{project_id}?limit=0' }],
      ['out_of_range', 422, `get ${projectPath('{project_id}', 'events')}`, { id: '?limit=0' }],
      ['event_not_found', 404, `get ${projectPath('{project_id}', 'events/{mode}/{event_id}')}`],
      [
        'webhook_not_found',
        404,
        `post ${webhookPath('{project_id}', '{mode}')}`,
        { subject: null, body: {} },
      ],
      ['empty', 422, 'post /api/v1/projects', { body: { name: '' } }],
    ];

    it.each(CASES)('%s of %i on %s', async (name, status, operation, request = {}) => {
      const [method = '', template = ''] = operation.split(' ');
      const query = /\?.*$/.exec(request.id ?? '')?.[0] ?? '';
      const isWrongMode = request.id === '{project_id}/x';
      const id = query === '' && !isWrongMode ? (request.id ?? projectId) : projectId;
      const path = template
        .replace('{project_id}', id)
        .replace('{mode}', isWrongMode ? 'neither' : 'test')
        .replace('{event_id}', 'evt_1');
      for (const type of [JSON_TYPE, PROBLEM_TYPE]) {
        const answer = await service.request(method.toUpperCase(), path + query, {
          ...request,
          headers: { ...request.headers, accept: type },
        });
        const [, example] = errorsOf(operation, String(status), type).find(([each]) => each === name) ?? [];
        expect(answer.headers.get('content-type')).toContain(type);
        expect(answer.json).toEqual({
          ...(example?.value as Json),
          instance: expect.stringMatching(/^urn:uuid:/) as unknown,
        });
      }
    });
  });
});
