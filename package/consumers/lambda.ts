import 'reflect-metadata';
import serverlessExpress from '@codegenie/serverless-express';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.js';

/** One request to a frozen and thawed process, as API Gateway hands it on; prints the answer. */
async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'] });
  await app.init();
  const handler = serverlessExpress({ app: app.getHttpAdapter().getInstance() });
  const answer = await handler(JSON.parse(process.argv[2] ?? ''), {} as never, () => undefined);
  console.log(JSON.stringify(answer));
  await app.close();
}

void main();
