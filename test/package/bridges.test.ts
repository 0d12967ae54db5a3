import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { blocksOf, readGuides } from '../support/guides.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { cleanUp } from '../support/process.js';
import { run } from '../support/run.js';
import { installedProject, writeCompilerOptions } from './installed.js';
import { NEST_12, TYPES } from './versions.js';

// The recipes of the guide, as they stand there, with the libraries themselves.

const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const BRIDGES = {
  '@nestjs/cqrs': '12.0.0',
  '@nestjs/platform-express': '12.5.0',
  '@types/pg': '8.15.6',
  bullmq: '6.7.0',
  ioredis: '5.8.2',
};
/** BullMQ needs a Redis, which not every machine has. */
const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

const HOST = `
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { Inject, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandHandler, CqrsModule, EventsHandler } from '@nestjs/cqrs';
import { EventWorker, KeyRing, OnStripeEvent, PaymentsModule, StripeConfigService, migrate, ringKey } from 'nest-stripe-config';
import { fakeCredential, signStripeEvent, stripeEvent } from 'nest-stripe-config/testing';
import { Pool } from 'pg';
import { InvoicePaid, MarkPaid, StripeToCqrs } from './cqrs.js';

const pool = new Pool({ connectionString: process.env.DATABASE_URL });
const project = randomUUID();
let failures = 1;
const published: string[] = [];

@CommandHandler(MarkPaid)
class MarkPaidHandler {
  async execute({ invoice, transaction }: MarkPaid) {
    await transaction.query('INSERT INTO paid (invoice) VALUES ($1)', [invoice]);
    if (failures-- > 0) throw new Error('once');
  }
}

@EventsHandler(InvoicePaid)
class InvoicePaidHandler {
  handle({ invoice }: InvoicePaid) {
    published.push(invoice);
  }
}

const queueParts = async () => {
  if (process.env.REDIS_PORT === undefined) return { providers: [], end: async () => {}, jobs: async () => undefined };
  const { StripeToQueue } = await import('./queue.js');
  const { Queue } = await import('bullmq');
  const queue = new Queue('stripe', { connection: { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) } });
  return {
    providers: [{ provide: StripeToQueue, useFactory: () => new StripeToQueue(queue) }],
    end: () => queue.close(),
    jobs: async () => (await queue.getJobs()).map(({ id, name, data }) => ({ id, name, event: data.event.id })),
  };
};

async function main() {
  await migrate(pool);
  await pool.query('CREATE TABLE paid (invoice text)');
  const queue = await queueParts();
  const payments = PaymentsModule.forRoot({
    database: { pool },
    keyRing: new KeyRing([ringKey(randomBytes(32), 'active')]),
    projects: { findOwner: async () => 'alice', listOwnedBy: async () => ({ projects: [], total: 0 }) },
    auth: { guard: { canActivate: () => true }, subject: () => 'alice' },
    publicBaseUrl: 'https://host.example.test',
  });
  @Module({
    imports: [CqrsModule.forRoot(), payments],
    // The queue first, so that the failure of the command comes after the job was enqueued.
    providers: [...queue.providers, StripeToCqrs, MarkPaidHandler, InvoicePaidHandler],
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const secret = fakeCredential('test_webhook_secret');
  await app.get(StripeConfigService).update(project, { test_webhook_secret: secret }, { actor: 'alice', requestId: randomUUID() });
  const event = stripeEvent('invoice.paid', { id: 'in_1' });
  const { payload, headers } = signStripeEvent(event, secret);
  const url = (await app.getUrl()) + '/api/v1/payments/stripe/webhooks/' + project + '/test';
  const { status } = await fetch(url, { method: 'POST', body: payload, headers });
  const worker = app.get(EventWorker);
  const statusOf = async () => (await pool.query('SELECT status, attempts FROM stripe_events')).rows[0];
  for (let tries = 0; tries < 200 && (await statusOf()).status === 'pending'; tries++) {
    await pool.query("UPDATE stripe_events SET available_at = now() WHERE status = 'pending' AND last_error IS NOT NULL");
    await worker.runOnce();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rows } = await pool.query('SELECT invoice FROM paid');
  const stored = await statusOf();
  console.log(JSON.stringify({ webhook: status, stored, paid: rows, published, jobs: await queue.jobs(), project, event: event.id }));
  await app.close();
  await queue.end();
  await pool.end();
}
void main();
`;

describe('the bridges of the guide', () => {
  let database: TestDatabase;
  let folder: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    folder = await installedProject({ ...NEST_12, ...TYPES, ...BRIDGES }, { type: 'module' });
    await mkdir(join(folder, 'src'));
    const guide = readGuides().find(({ file }) => file === 'docs/embedding.md');
    const all = guide === undefined ? [] : blocksOf(guide, 'typescript');
    const blocks = ['@nestjs/cqrs', 'bullmq'].flatMap((name) => all.filter((text) => text.includes(name)));
    expect(blocks).toHaveLength(2);
    const files = { 'cqrs.ts': blocks[0], 'queue.ts': blocks[1], 'main.ts': HOST };
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, 'src', file), text ?? '');
    await writeCompilerOptions(folder, { module: 'nodenext', skipLibCheck: true });
    await run(folder, process.execPath, TSC, '-p', 'tsconfig.json');
  });

  afterAll(async () => {
    await cleanUp();
    await database.drop();
  });

  it(`hand an event on exactly once, ${hasRedis ? 'with' : 'without'} a queue, though a handler fails after it was enqueued`, async () => {
    const port = String(20_000 + (parseInt(randomUUID().slice(0, 4), 16) % 20_000));
    const withRedis = `redis-server --port ${port} --bind 127.0.0.1 --save '' --appendonly no >/dev/null & redis=$!; trap 'kill $redis' EXIT; `;
    const program = `${hasRedis ? withRedis : ''}node dist/main.js`;
    const settings = [`DATABASE_URL=${database.url}`, ...(hasRedis ? [`REDIS_PORT=${port}`] : [])];
    const said = await run(folder, 'env', ...settings, 'bash', '-c', program);
    const result = JSON.parse(said) as { project: string; event: string };
    const { project, event } = result;
    expect(result).toMatchObject({
      webhook: 200,
      stored: { status: 'handled', attempts: 2 },
      paid: [{ invoice: 'in_1' }],
      published: ['in_1'],
      ...(hasRedis && { jobs: [{ id: `${project}_test_${event}`, name: 'invoice.paid', event }] }),
    });
  });
});
