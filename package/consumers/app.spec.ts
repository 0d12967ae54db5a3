import 'reflect-metadata';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { StripeConfigService } from 'nest-stripe-config';
import { AppModule } from './app.js';

describe('the application', () => {
  let app: INestApplication;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = testing.createNestApplication();
    await app.listen(0, '127.0.0.1');
  }, 60_000);

  afterAll(() => app.close());

  it('answers on the routes of the module', async () => {
    const path = '/api/v1/payments/stripe/projects/7b0cbb0c-5d0d-4b70-9a5e-2f7a3f1d9c11/config';
    const { status } = await fetch(`${await app.getUrl()}${path}`);
    expect(status).toBe(401);
  });

  it('has one set of injection tokens', () => {
    expect(app.get(StripeConfigService, { strict: false })).toBeInstanceOf(StripeConfigService);
  });
});
