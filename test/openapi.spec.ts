import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openApiDocument } from '../src/app/openapi.js';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { CREDENTIAL_FIELDS } from '../src/payments/domain/credentials.js';
import { findFault } from '../src/payments/domain/credential-rules.js';
import { REQUEST_EXAMPLES } from '../src/payments/stripe-config/stripe-config.dto.js';
import { fakeCredential } from './support/credentials.js';
import {
  cleanUp,
  runProgram,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from './support/process.js';
import {
  configPath,
  projectPath,
  startTestService,
  webhookPath,
  type TestService,
} from './support/service.js';

type Json = Record<string, unknown>;

interface Operation {
  operationId?: string;
  tags: string[];
  summary: string;
  security?: Json[];
  parameters?: Json[];
  requestBody?: { required: boolean; content: Json };
  responses: Record<
    string,
    { description: string; headers?: Json; content?: Record<string, { schema: Json }> }
  >;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json>; securitySchemes: Json };
}

const CONFIG_PATH = configPath('{project_id}');
const HISTORY_PATH = `${CONFIG_PATH}/history`;
/** The only documented path without a token. */
const WEBHOOK_PATH = webhookPath('{project_id}', '{mode}');

/** What the service has beyond the documented contract. */
const ADDED_OPERATIONS = [
  `delete ${CONFIG_PATH}/{mode}/previous-webhook-secret`,
  `get ${HISTORY_PATH}`,
  `get ${CONFIG_PATH}/health`,
  `get ${CONFIG_PATH}/{mode}/webhook-endpoint`,
  `post ${CONFIG_PATH}/{mode}/webhook-endpoint`,
  `delete ${CONFIG_PATH}/{mode}/webhook-endpoint`,
  `get ${projectPath('{project_id}', 'events')}`,
  `get ${projectPath('{project_id}', 'events/{mode}/{event_id}')}`,
  `post ${projectPath('{project_id}', 'events/{mode}/{event_id}/replay')}`,
  `post ${projectPath('{project_id}', 'events/replay')}`,
];
const ADDED_HEADERS: Record<string, string[]> = {
  [`get ${CONFIG_PATH}`]: ['If-None-Match'],
  [`put ${CONFIG_PATH}`]: ['If-Match', 'If-None-Match'],
  [`delete ${CONFIG_PATH}`]: ['If-Match'],
  [`post ${WEBHOOK_PATH}`]: ['Stripe-Signature'],
};
/** Of lists that the contract documents without pages: each may be left out. */
const ADDED_PARAMETERS: Record<string, string[]> = {
  'get /api/v1/payments/projects': ['limit', 'cursor'],
};
/** Of answers of the contract: what they say beside it. */
const ADDED_PROPERTIES: Record<string, string[]> = { ProjectPaymentConfigResponse: ['role'] };
const FILE = new URL('../docs/openapi.json', import.meta.url);

const documented = JSON.parse(
  readFileSync(new URL('contract/documented-openapi.json', import.meta.url), 'utf8'),
) as Document;

let service: TestService;
let document: Document;

beforeAll(async () => {
  service = await startTestService();
  document = toJson(openApiDocument(service.app)) as Document;
});
afterAll(async () => {
  await cleanUp();
  await service.stop();
});

/** What a client sees of a value. */
function toJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Every object in a value, with the place where it is. */
function* objectsIn(value: unknown, place = '#'): Generator<[place: string, object: Json]> {
  if (typeof value !== 'object' || value === null) return;
  yield [place, value as Json];
  for (const [name, member] of Object.entries(value)) yield* objectsIn(member, `${place}/${name}`);
}

function resolve(ref: string): unknown {
  return ref
    .split('/')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Json | undefined)?.[name.replaceAll('~1', '/')], document);
}

/** What a schema says of names, types and nullability, however it is written; the rest is left out. */
function essence(schema: Json): unknown {
  const { anyOf, type, nullable, properties, required, items, format, $ref } = schema;
  const choices = Array.isArray(anyOf) ? (anyOf as Json[]) : [];
  const others = choices.filter((choice) => choice.type !== 'null');
  const types = (Array.isArray(type) ? type : [type]) as unknown[];
  const mayBeNull = nullable === true || others.length < choices.length || types.includes('null');
  const [only] = others;
  if (others.length === 1 && only !== undefined) return { ...(essence(only) as Json), nullable: mayBeNull };
  return {
    $ref,
    format,
    nullable: mayBeNull,
    type: types.filter((each) => each !== 'null'),
    anyOf: others.map(essence),
    items: items === undefined ? undefined : essence(items as Json),
    required: ((required ?? []) as string[]).toSorted(),
    properties: Object.fromEntries(
      Object.entries((properties ?? {}) as Record<string, Json>)
        .map(([name, property]) => [name, essence(property)] as const)
        .sort(([a], [b]) => a.localeCompare(b)),
    ),
  };
}

const OPERATIONS = Object.entries(documented.paths).flatMap(([path, methods]) =>
  Object.keys(methods).map((method) => [method, path] as const),
);

function operationsOf(method: string, path: string): { expected: Operation; actual: Operation } {
  const [expected, actual] = [documented.paths[path]?.[method], document.paths[path]?.[method]];
  if (expected === undefined || actual === undefined) throw new Error(`${method} ${path} is not there`);
  return { expected, actual };
}

describe('the documented contract', () => {
  it('is on every path', () => {
    expect(Object.keys(documented.paths).filter((path) => document.paths[path] === undefined)).toEqual([]);
  });

  it('has nothing added to it under its base path but what is known to be added', () => {
    const operations = ({ paths }: Document) =>
      Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method} ${path}`),
      );
    const built = operations(document).filter((operation) => operation.includes('/api/v1/payments'));
    expect(built.filter((operation) => !operations(documented).includes(operation))).toEqual(
      ADDED_OPERATIONS,
    );
    expect(built).toHaveLength(OPERATIONS.length + ADDED_OPERATIONS.length);
  });

  describe.each(OPERATIONS)('%s %s', (method, path) => {
    it('has the documented tags and summary', () => {
      const { expected, actual } = operationsOf(method, path);
      expect(actual).toMatchObject({ tags: expected.tags, summary: expected.summary });
    });

    it('offers the documented security', () => {
      const { expected, actual } = operationsOf(method, path);
      if (expected.security === undefined) {
        // Said aloud, since a host's document may ask for a token everywhere.
        expect([path, actual.security]).toEqual([WEBHOOK_PATH, []]);
        return;
      }
      expect(expected.security).toEqual([{ OAuth2: [] }]);
      expect(actual.security).toEqual(expect.arrayContaining(expected.security));
      // An empty requirement would make the token optional.
      expect(actual.security).not.toContainEqual({});
    });

    it('takes the documented parameters and body, and no others but known ones that may be left out', () => {
      const { expected, actual } = operationsOf(method, path);
      const parameters = (actual.parameters ?? []).map((each): Json => ({
        ...each,
        description: undefined,
        examples: undefined,
      }));
      const added = ADDED_PARAMETERS[`${method} ${path}`] ?? [];
      const isAdded = ({ name, required }: Json) => added.includes(String(name)) && required === false;
      expect(parameters.filter(isAdded).map(({ name }) => name)).toEqual(added);
      expect(parameters.filter((each) => each.in !== 'header' && !isAdded(each))).toEqual(
        expected.parameters ?? [],
      );
      const headers = parameters.filter((each) => each.in === 'header');
      expect(headers.map(({ name }) => name).sort()).toEqual(ADDED_HEADERS[`${method} ${path}`] ?? []);
      for (const header of headers) expect(header).toMatchObject({ required: false });
      // The contract leaves open what Stripe sends to the webhook.
      if (path !== WEBHOOK_PATH) {
        expect({ body: actual.requestBody }).toMatchObject({ body: expected.requestBody });
      }
    });

    it('has the documented responses', () => {
      const { expected, actual } = operationsOf(method, path);
      for (const [status, { description, content }] of Object.entries(expected.responses)) {
        expect(actual.responses[status]).toMatchObject({ description });
        const schemaOf = (each: Operation) => each.responses[status]?.content?.['application/json']?.schema;
        expect(schemaOf(actual)).toEqual(schemaOf(expected));
        expect(actual.responses[status]?.content === undefined).toBe(content === undefined);
      }
      const successes = (each: Operation) =>
        Object.keys(each.responses).filter((status) => status.startsWith('2'));
      expect(successes(actual)).toEqual(successes(expected));
    });
  });

  it.each(['get', 'put', 'delete'])('names the errors of the page for %s of the configuration', (method) => {
    const { responses } = operationsOf(method, CONFIG_PATH).actual;
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403', '404', '422']));
  });

  it.each([
    ['get', ['304']],
    ['put', ['412']],
    ['delete', ['412']],
  ])('names the answers to the conditions of %s of the configuration', (method, statuses) => {
    const { responses } = operationsOf(method, CONFIG_PATH).actual;
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(statuses));
  });

  it.each(['get', 'put'])('names the entity tag of %s of the configuration', (method) => {
    const { responses } = operationsOf(method, CONFIG_PATH).actual;
    expect(Object.keys(responses['200']?.headers ?? {})).toEqual(['ETag']);
  });

  it('has the history beside it, for owners only, with its paging', () => {
    const operation = document.paths[HISTORY_PATH]?.get;
    expect(operation?.security).toEqual(expect.arrayContaining([{ OAuth2: [] }]));
    expect(Object.keys(operation?.responses ?? {})).toEqual(
      expect.arrayContaining(['200', '401', '403', '404', '422', '503']),
    );
    const queries = (operation?.parameters ?? []).filter((each) => each.in === 'query');
    expect(queries.map(({ name, required }) => [name, required])).toEqual(
      expect.arrayContaining([
        ['limit', false],
        ['cursor', false],
      ]),
    );
    expect(queries).toHaveLength(2);
  });

  const builtSchemas = [...new Set(schemasOf(OPERATIONS))];

  it.each(builtSchemas)('has the schema %s as documented', (name) => {
    const [expected, actual] = [documented.components.schemas[name], document.components.schemas[name]];
    const added = ADDED_PROPERTIES[name] ?? [];
    const properties = Object.entries(actual?.properties ?? {});
    expect(properties.map(([property]) => property)).toEqual(expect.arrayContaining(added));
    const own = Object.fromEntries(properties.filter(([property]) => !added.includes(property)));
    expect(
      essence(actual?.properties === undefined ? (actual ?? {}) : { ...actual, properties: own }),
    ).toEqual(essence(expected ?? { type: 'documented' }));
    const { description } = expected ?? {};
    expect(actual).toMatchObject(description === undefined ? {} : { description });
  });

  it('names the documented security scheme', () => {
    expect(document.components.securitySchemes).toMatchObject(documented.components.securitySchemes);
  });

  it('refuses unknown fields in the request', () => {
    expect(document.components.schemas.StripeConfigRequest).toMatchObject({ additionalProperties: false });
  });
});

/** The schemas that operations of the contract use, themselves or through others. */
function* schemasOf(operations: typeof OPERATIONS): Generator<string> {
  const open = operations.map(([method, path]): unknown => documented.paths[path]?.[method]);
  const seen = new Set<string>();
  for (const value of open) {
    for (const [, { $ref }] of objectsIn(value)) {
      const name = typeof $ref === 'string' ? ($ref.split('/').at(-1) ?? '') : '';
      if (name === '' || seen.has(name)) continue;
      seen.add(name);
      yield name;
      open.push(documented.components.schemas[name]);
    }
  }
}

describe('the document', () => {
  it('is OpenAPI 3.1 without the words of 3.0', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    const places = [...objectsIn(document.components.schemas)].filter(
      ([, object]) => object.nullable !== undefined,
    );
    expect(places.map(([place]) => place)).toEqual([]);
  });

  it('has no reference that leads nowhere', () => {
    const refs = [...objectsIn(document)].flatMap(([, { $ref }]) => (typeof $ref === 'string' ? [$ref] : []));
    expect(refs.length).toBeGreaterThan(0);
    expect(refs.filter((ref) => !ref.startsWith('#/') || resolve(ref) === undefined)).toEqual([]);
  });

  it('has an operation id of its own for each operation', () => {
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId ?? ''),
    );
    expect(ids.filter((id) => !/^[a-z]\w+$/i.test(id))).toEqual([]);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('declares the parameters of every path, and nothing else in it', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters = [] } of Object.values(methods)) {
        const declared = parameters.filter(
          (parameter) => parameter.in === 'path' && parameter.required === true,
        );
        expect(declared.map(({ name }) => name)).toEqual(names);
      }
    }
  });

  it('names only security schemes that it declares', () => {
    const names = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).flatMap(({ security = [] }) => security.flatMap((each) => Object.keys(each))),
    );
    expect(Object.keys(document.components.securitySchemes)).toEqual(
      expect.arrayContaining([...new Set(names)]),
    );
  });

  it('leads the explorer to the identity provider where there is one', () => {
    const issuer = { issuer: 'https://id.test', jwks_uri: 'https://id.test/keys' };
    const flowsWith = (addresses: object) =>
      openApiDocument(service.app, { issuer: { ...issuer, ...addresses } }).components?.securitySchemes
        ?.OAuth2;
    const tokenUrl = 'https://id.test/token';
    const authorizationUrl = 'https://id.test/authorize';
    expect(flowsWith({ token_endpoint: tokenUrl, authorization_endpoint: authorizationUrl })).toEqual({
      type: 'oauth2',
      flows: { authorizationCode: { authorizationUrl, tokenUrl, scopes: {} } },
    });
    expect(flowsWith({ token_endpoint: tokenUrl })).toEqual({
      type: 'oauth2',
      flows: { clientCredentials: { tokenUrl, scopes: {} } },
    });
    expect(flowsWith({})).toEqual(documented.components.securitySchemes.OAuth2);
  });

  it('names the address that users reach', () => {
    expect(openApiDocument(service.app, { server: 'https://payments.test' }).servers).toEqual([
      expect.objectContaining({ url: 'https://payments.test' }),
    ]);
  });
});

describe('the examples', () => {
  it('of the request are offered, and each is accepted by the service', async () => {
    const content = document.paths[CONFIG_PATH]?.put?.requestBody?.content['application/json'];
    expect(content).toMatchObject({ examples: REQUEST_EXAMPLES });
    const id = await service.createProject();
    for (const { value } of Object.values(REQUEST_EXAMPLES)) {
      expect((await service.request('PUT', configPath(id), { body: value })).status).toBe(200);
    }
    const { json } = await service.request('GET', configPath(id));
    expect(json).toMatchObject({ has_test_credentials: true, has_live_credentials: true });
  });

  it('hold nothing that looks like a real key', () => {
    const text = JSON.stringify(document);
    const keys = text.match(/\b(?:[srp]k_(?:test|live)|whsec)_\w+/g) ?? [];
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !key.includes('example'))).toEqual([]);
  });

  it('of masks are masks of their field', () => {
    const { properties } = document.components.schemas.StripeConfigResponse as {
      properties: Record<string, Json>;
    };
    for (const field of CREDENTIAL_FIELDS) {
      const example = String(properties[`${field}_masked`]?.example);
      expect(example).toMatch(/_\.\.\..{4}$/);
      expect(findFault(field, example)).toBeUndefined();
    }
  });
});

describe('what the service answers', () => {
  const propertiesOf = (name: string) =>
    Object.keys(document.components.schemas[name]?.properties ?? {}).sort();
  const namesIn = (json: unknown) => Object.keys(json as Json).sort();

  it('has exactly the members of the schemas', async () => {
    const id = await service.createProject();
    const body = { test_secret_key: fakeCredential('test_secret_key') };
    const put = await service.request('PUT', configPath(id), { body });
    expect(namesIn(put.json)).toEqual(propertiesOf('StripeConfigResponse'));

    const history = await service.request('GET', `${configPath(id)}/history`);
    expect(namesIn(history.json)).toEqual(propertiesOf('StripeConfigHistoryResponse'));
    const { changes } = history.json as { changes: { fields: unknown[] }[] };
    expect(namesIn(changes[0])).toEqual(propertiesOf('StripeConfigChange'));
    expect(namesIn(changes[0]?.fields[0])).toEqual(propertiesOf('StripeConfigChangedField'));

    const list = await service.request('GET', '/api/v1/payments/projects');
    expect(namesIn(list.json)).toEqual(propertiesOf('ProjectPaymentConfigListResponse'));
    const { projects } = list.json as { projects: unknown[] };
    expect(namesIn(projects[0])).toEqual(propertiesOf('ProjectPaymentConfigResponse'));

    const error = await service.request('DELETE', configPath(await service.createProject()));
    expect(namesIn(error.json)).toEqual(propertiesOf('ErrorResponse'));

    const invalid = { body: { test_secret_key: 1 }, headers: { accept: 'application/problem+json' } };
    const problem = await service.request('PUT', configPath(id), invalid);
    expect(namesIn(problem.json)).toEqual(propertiesOf('ValidationProblem'));
    expect(namesIn((problem.json as { errors: unknown[] }).errors[0])).toEqual(
      propertiesOf('ValidationError'),
    );
  });
});

describe('the served document', () => {
  let built: ServiceProcess;

  beforeAll(async () => {
    const keyRingFile = join(await temporaryFolder(), 'key-ring.json');
    await createKeyRingFile(keyRingFile);
    built = await startServiceProcess(serviceSettings(service.database.url, keyRingFile));
  });

  it('is the same as JSON', async () => {
    const { status, json } = await built.request('GET', '/openapi.json', { subject: null });
    expect(status).toBe(200);
    expect(json).toEqual(document);
  });

  it('is there as YAML', async () => {
    const { status, text } = await built.request('GET', '/openapi.yaml', { subject: null });
    expect(status).toBe(200);
    expect(text).toMatch(/^openapi: 3\.1\.0$/m);
    for (const path of Object.keys(document.paths)) expect(text).toContain(`  ${path}:\n`);
  });

  it('has an explorer that loads everything from the service itself', async () => {
    const { status, headers, text } = await built.request('GET', '/docs', { subject: null });
    expect(status).toBe(200);
    expect(headers.get('content-type')).toMatch(/^text\/html/);
    const addresses = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address]) => address ?? '');
    expect(addresses.length).toBeGreaterThan(2);
    for (const address of addresses) {
      const { origin, pathname } = new URL(address, `${built.url}/docs`);
      expect(origin).toBe(new URL(built.url).origin);
      expect([pathname, (await built.request('GET', pathname, { subject: null })).status]).toEqual([
        pathname,
        200,
      ]);
    }
  });

  it('is not there unless it is asked for', async () => {
    for (const path of ['/docs', '/docs/', '/openapi.json', '/openapi.yaml', '/docs-json']) {
      expect([path, (await service.request('GET', path)).status]).toEqual([path, 404]);
    }
  });
});

describe('docs/openapi.json', () => {
  it('is up to date (run "npm run openapi" otherwise)', () => {
    expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(document);
    expect(readFileSync(FILE, 'utf8')).toBe(`${JSON.stringify(document, null, 2)}\n`);
  });

  it('is what the command writes, without a database', async () => {
    const file = join(await temporaryFolder(), 'openapi.json');
    const program = runProgram('dist/cli/openapi.js', [file], {});
    expect([await program.exit(), program.stderr]).toEqual([0, '']);
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(FILE, 'utf8'));
  });
});
