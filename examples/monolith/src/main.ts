import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { createKeyRingFile } from 'nest-stripe-config';
import { DataSource } from 'typeorm';
import { AppModule } from './app.module.js';
import { Project, User } from './entities.js';
import { signIn } from './session.guard.js';
import { KEY_RING_FILE, PORT } from './settings.js';

if (!existsSync(KEY_RING_FILE)) {
  await mkdir(dirname(KEY_RING_FILE), { recursive: true });
  await createKeyRingFile(KEY_RING_FILE);
}
const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await app.listen(PORT, '127.0.0.1');

// Somebody who has a project, to try it with.
const { manager } = app.get(DataSource);
await manager.upsert(User, { id: 'alice' }, ['id']);
const project =
  (await manager.findOneBy(Project, { owner_id: 'alice' })) ??
  (await manager.save(manager.create(Project, { owner_id: 'alice', name: 'Shop' })));

const url = await app.getUrl();
console.log(`Listening at ${url}

Paste the keys of a Stripe test account: open ${url}/sign-in, then ${url}/projects/${project.id}/settings

Or store them from here, with yours in the place of the dots:

curl -X PUT ${url}/api/v1/payments/stripe/projects/${project.id}/config \\
  -H 'Authorization: Bearer ${signIn('alice')}' -H 'Content-Type: application/json' \\
  -d '{"test_secret_key": "...", "test_publishable_key": "...", "test_webhook_secret": "..."}'

Then sell something: POST ${url}/checkout/${project.id} with {"amount": 1200}.`);
