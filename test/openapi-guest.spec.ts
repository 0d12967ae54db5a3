import { Controller, Get, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  ApiBearerAuth,
  ApiNotFoundResponse,
  ApiProperty,
  ApiUnprocessableEntityResponse,
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
} from '@nestjs/swagger';
import { TypeOrmModule } from '@nestjs/typeorm';
import { withOwnNames } from '../src/app/own-names.js';
import { PaymentsModule, completeDocument, type PaymentsModuleExtras } from '../src/index.js';
import { paymentsOptions } from './hosts/start-host.js';
import { Shops } from './hosts/shop.js';
import {
  objectsIn,
  operationsOf,
  readOpenApiDocument,
  type Json,
  type OpenApiDocument,
} from './support/openapi-document.js';

/** The host's own, of the name of one of ours. */
class ErrorResponse {
  @ApiProperty({ type: String, nullable: true })
  reason!: string | null;
}

/** The host's own, of the name of one of ours, with a reference to another one. */
class ValidationError {
  @ApiProperty({ type: ErrorResponse })
  error!: ErrorResponse;
}

@Controller('shops')
@ApiBearerAuth('session')
class ShopController {
  @Get()
  @ApiNotFoundResponse({ type: ErrorResponse })
  getStripeConfig(): void {
    return undefined;
  }

  @Post()
  @ApiUnprocessableEntityResponse({ type: ValidationError })
  updateStripeConfig(): void {
    return undefined;
  }
}

@Module({})
class ShopModule {}

const BASE_PATH = '/billing';

/** Makes documents of a host with its own scheme, which never listens or connects. */
async function documentsOf(
  ...mounts: PaymentsModuleExtras[]
): Promise<(version: '3.0.0' | '3.1.0') => OpenAPIObject> {
  const app = await NestFactory.create(
    {
      module: ShopModule,
      imports: [
        TypeOrmModule.forRoot({ type: 'postgres', manualInitialization: true }),
        ...mounts.map((extras) => PaymentsModule.forRoot({ ...paymentsOptions(), ...extras })),
      ],
      controllers: [ShopController],
      providers: [Shops],
    },
    new FastifyAdapter(),
    { logger: false },
  );
  return (version) => {
    const config = new DocumentBuilder()
      .setOpenAPIVersion(version)
      .addBearerAuth({ type: 'http' }, 'session')
      .build();
    return SwaggerModule.createDocument(app, config, {
      // As many hosts name operations: by the method alone.
      operationIdFactory: (_controller, method) => method,
    });
  };
}

/** The document as it is sent. */
function sent(document: OpenAPIObject): OpenApiDocument {
  return JSON.parse(JSON.stringify(document)) as OpenApiDocument;
}

function isOurs({ place }: { place: string }): boolean {
  return place.includes(` ${BASE_PATH}/`);
}

/** All the objects of our part of a document. */
function ourObjects(document: OpenApiDocument): Json[] {
  const schemas = Object.entries(document.components.schemas).filter(([name]) =>
    name.startsWith('Payments.'),
  );
  expect(schemas.length).toBeGreaterThan(20);
  const ours = [...schemas, ...operationsOf(document).filter(isOurs)];
  return [...objectsIn(ours)].map(([, object]) => object);
}

describe('the OpenAPI document of a host', () => {
  let documentOf: Awaited<ReturnType<typeof documentsOf>>;

  beforeAll(async () => {
    documentOf = await documentsOf({ basePath: 'billing', openApiSecurity: ['session'] });
  });

  describe.each(['3.0.0', '3.1.0'] as const)('in version %s', (version) => {
    const document = () => documentOf(version);
    const completed = () => completeDocument(document());

    it('leaves the host the names of its schemas and operations', () => {
      const { components, paths } = sent(document());
      expect(components.schemas.ErrorResponse?.properties).toHaveProperty('reason');
      expect(components.schemas.ValidationError?.properties).toEqual({
        error: { $ref: '#/components/schemas/ErrorResponse' },
      });
      expect(Object.values(paths['/shops'] ?? {}).map(({ operationId }) => operationId)).toEqual([
        'getStripeConfig',
        'updateStripeConfig',
      ]);
      expect(completed().components?.schemas?.ErrorResponse).toEqual(
        document().components?.schemas?.ErrorResponse,
      );
      expect(completed().paths['/shops']).toEqual(document().paths['/shops']);
    });

    it('refers to our schemas where we mean ours', () => {
      const refs = ourObjects(sent(document())).flatMap(({ $ref = [] }) => $ref as string);
      expect(refs.length).toBeGreaterThan(250);
      expect(refs.filter((ref) => !ref.startsWith('#/components/schemas/Payments.'))).toEqual([]);
      const names = Object.keys(document().components?.schemas ?? {});
      expect(refs.filter((ref) => !names.includes(ref.replace('#/components/schemas/', '')))).toEqual([]);
    });

    it('names the security scheme of the host', () => {
      const named = operationsOf(sent(document()))
        .filter(isOurs)
        .map(({ operation }) => JSON.stringify(operation.security));
      expect(new Set(named)).toEqual(new Set([JSON.stringify([{ session: [] }]), '[]']));
      expect(Object.keys(document().components?.securitySchemes ?? {})).toEqual(['session']);
    });

    it.each([
      ['as it is made', document],
      ['completed', completed],
    ])('has the words of that version for what may be null, %s', (_how, made) => {
      const objects = ourObjects(sent(made()));
      const nullables = objects.filter(({ nullable }) => nullable !== undefined);
      const nulls = objects.filter(({ type }) => type === 'null' || Array.isArray(type));
      const [right, wrong] = version === '3.0.0' ? [nullables, nulls] : [nulls, nullables];
      expect(right.length).toBeGreaterThan(30);
      expect(wrong).toEqual([]);
      // Null is one of the words that such a field may hold, and only 3.1 can say it in another way.
      expect(nullables.filter(({ enum: words }) => Array.isArray(words) && !words.includes(null))).toEqual(
        [],
      );
      expect(nullables.filter(({ type }) => type === undefined)).toEqual([]);
    });
  });

  it('has every operation and schema as documented', () => {
    const document = sent(withOwnNames(completeDocument(documentOf('3.1.0'))));
    const documented = readOpenApiDocument();
    const essence = (each: OpenApiDocument, basePath: string) =>
      operationsOf(each).flatMap(({ place, operation: { security, ...operation } }) =>
        place.includes(` ${basePath}/`)
          ? [{ ...operation, place: place.replace(basePath, ''), isOpen: JSON.stringify(security) === '[]' }]
          : [],
      );
    const ours = essence(document, BASE_PATH);
    expect(ours.length).toBeGreaterThan(15);
    const byPlace = (one: { place: string }, other: { place: string }) =>
      one.place.localeCompare(other.place);
    expect(ours.sort(byPlace)).toEqual(essence(documented, '/api/v1/payments').sort(byPlace));
    expect(document.components.schemas).toMatchObject(
      Object.fromEntries(
        Object.entries(documented.components.schemas).filter(([name]) => /^(?:Stripe|Webhook)/.test(name)),
      ),
    );
  });

  it('is completed where the words of 3.0 were left in 3.1', () => {
    const left = { ...documentOf('3.0.0'), openapi: '3.1.0' };
    const ours = ({ components, paths }: OpenAPIObject) => ({
      paths: { ...paths, '/shops': undefined },
      schemas: { ...components?.schemas, ErrorResponse: undefined },
    });
    expect(ours(completeDocument(left))).toEqual(ours(completeDocument(documentOf('3.1.0'))));
  });

  it('says nothing of security where the option names none', async () => {
    const document = (await documentsOf({ basePath: 'billing' }))('3.0.0');
    const secured = operationsOf(sent(document)).filter(isOurs);
    expect(new Set(secured.map(({ operation }) => JSON.stringify(operation.security)))).toEqual(
      new Set([undefined, '[]']),
    );
  });

  it('has an id of its own for each operation where the module is there twice, completed', async () => {
    const documents = await documentsOf({ basePath: 'billing' }, { basePath: 'other' });
    const ids = operationsOf(sent(completeDocument(documents('3.0.0')))).map(
      ({ operation }) => operation.operationId,
    );
    expect(ids).toEqual(
      expect.arrayContaining(['getStripeConfig', 'Payments_getStripeConfig', 'Payments_getStripeConfig2']),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});
