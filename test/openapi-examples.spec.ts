import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {
  objectsIn,
  operationsOf,
  readOpenApiDocument,
  type Json,
  type MediaType,
} from './support/openapi-document.js';
import { webhookPath } from './support/service.js';

const JSON_TYPE = 'application/json';

const document = readOpenApiDocument();
const operations = operationsOf(document);

/** Every field of every schema, with its place. */
function fields(): [place: string, field: Json][] {
  return [...objectsIn({ components: document.components.schemas, paths: document.paths })].flatMap(
    ([place, { properties, type, allOf }]) =>
      typeof properties === 'object' && (type === 'object' || allOf !== undefined)
        ? Object.entries(properties as Record<string, Json>).map(([name, field]): [string, Json] => [
            `${place}/${name}`,
            field,
          ])
        : [],
  );
}

function mediaTypes(): [place: string, content: MediaType][] {
  return operations.flatMap(({ place, operation: { requestBody, responses } }) =>
    [
      ['request', requestBody?.content] as const,
      ...Object.entries(responses).map(([status, { content }]) => [status, content] as const),
    ].flatMap(([part, content = {}]) =>
      Object.entries(content).map(([type, each]): [string, MediaType] => [`${place} ${part} ${type}`, each]),
    ),
  );
}

describe('the document', () => {
  it('describes every field, and shows an example of it', () => {
    expect(fields().length).toBeGreaterThan(130);
    const bare = fields().filter(([, { description, example }]) => !description || example === undefined);
    expect(bare.map(([place]) => place)).toEqual([]);
  });

  it('describes every parameter, and shows an example of each that a request must have', () => {
    const bare = operations.flatMap(({ place, operation: { parameters = [] } }) =>
      parameters
        // An example of an optional one would be sent by the explorer.
        .filter(({ description, required, examples }) => !description || (required === true) !== !!examples)
        .map(({ name }) => `${place} ${name}`),
    );
    expect(bare).toEqual([]);
  });

  it('describes every operation, response and tag', () => {
    const bare = operations.flatMap(({ place, operation: { summary, description, responses } }) => [
      ...(summary && description ? [] : [place]),
      ...Object.entries(responses)
        .filter(([, response]) => !response.description)
        .map(([status]) => `${place} ${status}`),
    ]);
    expect(bare).toEqual([]);
    const used = new Set(operations.flatMap(({ operation: { tags } }) => tags));
    expect([...used].sort()).toEqual(document.tags.map(({ name }) => name).sort());
    expect(document.tags.filter(({ description }) => !description)).toEqual([]);
  });

  it('begins with the main job and ends with the health of the service', () => {
    const names = document.tags.map(({ name }) => name);
    expect([names[0], names.at(-1)]).toEqual(['Stripe Configuration', 'Health']);
  });

  it('names operations by a verb that suits the method, and a noun', () => {
    const verbs: Record<string, string> = {
      get: 'get|list',
      put: 'update',
      delete: 'delete',
      post: 'create|validate|replay|handle',
    };
    const wrong = operations.filter(
      ({ method, operation: { operationId } }) =>
        !new RegExp(`^(${verbs[method] ?? 'none'})([A-Z][a-z]+)+$`).test(operationId),
    );
    expect(wrong.map(({ place, operation: { operationId } }) => `${place}: ${operationId}`)).toEqual([]);
    const echoing = operations.filter(({ operation: { operationId } }) => {
      const words = operationId.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
      return new Set(words).size < words.length;
    });
    expect(echoing.map(({ operation: { operationId } }) => operationId)).toEqual([]);
  });

  it('says of the operations without a token that they need none', () => {
    const open = operations.filter(({ operation: { security } }) => security?.length === 0);
    expect(open.map(({ place }) => place).sort()).toEqual([
      'get /health/live',
      'get /health/ready',
      `post ${webhookPath('{project_id}', '{mode}')}`,
    ]);
    expect(operations.filter(({ operation: { security } }) => security === undefined)).toEqual([]);
  });

  it('has no null among the words of an enum, which breaks generated clients (see wordOrNull)', () => {
    const places = [...objectsIn(document)].filter(
      ([, object]) => Array.isArray(object.enum) && object.enum.includes(null),
    );
    expect(places.map(([place]) => place)).toEqual([]);
  });

  it('takes an event of Stripe as the body of a webhook', () => {
    const webhook = document.paths[webhookPath('{project_id}', '{mode}')]?.post;
    expect(webhook?.requestBody).toMatchObject({
      required: true,
      content: { [JSON_TYPE]: { schema: { $ref: '#/components/schemas/StripeWebhookEvent' } } },
    });
    expect(document.components.schemas.StripeWebhookEvent).toMatchObject({ additionalProperties: true });
  });
});

describe('every example', () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'document', components: document.components });

  /** What is wrong with a value by its schema. */
  function faultsOf(schema: Json, value: unknown): string | undefined {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/');
    const validate = ajv.compile(JSON.parse(text) as Json);
    return validate(value) ? undefined : ajv.errorsText(validate.errors);
  }

  it('of a field is valid', () => {
    const faults = fields().map(([place, { example, ...schema }]) => [place, faultsOf(schema, example)]);
    expect(faults.filter(([, found]) => found !== undefined)).toEqual([]);
  });

  it('of a parameter is valid', () => {
    const faults = operations.flatMap(({ place, operation: { parameters = [] } }) =>
      parameters.flatMap(({ name, schema, examples = {} }) =>
        Object.values(examples).map(({ value }) => [place, name, faultsOf(schema, value)]),
      ),
    );
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.filter(([, , found]) => found !== undefined)).toEqual([]);
  });

  it('of a request or an answer is valid', () => {
    const faults = mediaTypes().flatMap(([place, { schema, examples = {} }]) =>
      Object.entries(examples).map(([name, { value }]) => [place, name, faultsOf(schema, value)]),
    );
    expect(faults.length).toBeGreaterThan(100);
    expect(faults.filter(([, , found]) => found !== undefined)).toEqual([]);
  });

  it('is refused where it is wrong, or the tests above could not fail', () => {
    const schema = { $ref: '#/components/schemas/ErrorResponse' };
    expect(faultsOf(schema, { detail: 1 })).toMatch(/required.*must be string/s);
  });
});
