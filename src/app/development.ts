import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { INestApplicationContext } from '@nestjs/common';
import jsonwebtoken from 'jsonwebtoken';
import { createKeyRingFile } from '../payments/crypto/key-ring-file.js';
import { dataFolderFault, developmentKeyRingPath, makeDataFolder } from './data-folder.js';
import { DEVELOPMENT_SECRET_PREFIX } from './settings/token-secret.js';
import { ProjectService } from './projects/project.service.js';

/** The `sub` of the demo developer. */
const DEMO_DEVELOPER = 'demo-developer';
const DEMO_TOKEN_DAYS = 30;

/** The development key ring under the data folder, created when there is none. */
export async function developmentKeyRingFile(dataDir: string): Promise<string> {
  const path = developmentKeyRingPath(dataDir);
  makeDataFolder(dataDir);
  await createKeyRingFile(path, { development: true }).catch((error: unknown) => {
    unlessItExists(path, error);
  });
  return path;
}

/** The development signing secret under the data folder, created when there is none. */
export function developmentSecret(dataDir: string): Buffer {
  const path = join(dataDir, 'jwt-secret');
  makeDataFolder(dataDir);
  try {
    const secret = `${DEVELOPMENT_SECRET_PREFIX}${randomBytes(48).toString('base64url')}`;
    writeFileSync(path, secret, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    unlessItExists(path, error);
  }
  try {
    return readFileSync(path);
  } catch (error) {
    throw dataFolderFault(resolve(path), error);
  }
}

function unlessItExists(path: string, error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw dataFolderFault(resolve(path), error);
}

/** The claims of a development token. */
export interface TokenClaims {
  /** Default: the demo developer. */
  subject?: string | undefined;
  scope?: string | undefined;
  /** How long it is valid, in days. Default: 30. */
  days?: number | undefined;
}

/** Signs an access token with the HS256 secret. */
export function developmentToken(secret: Buffer, { subject, scope, days }: TokenClaims = {}): string {
  return jsonwebtoken.sign({ token_use: 'access', ...(scope !== undefined && { scope }) }, secret, {
    algorithm: 'HS256',
    subject: subject ?? DEMO_DEVELOPER,
    expiresIn: `${days ?? DEMO_TOKEN_DAYS}d`,
  });
}

/** The id of the demo developer's first project, created when there is none. */
export async function demoProject(app: INestApplicationContext): Promise<string> {
  const projects = app.get(ProjectService);
  const existing = (await projects.list(DEMO_DEVELOPER, { limit: 1_000, after: undefined })).projects.find(
    ({ is_active }) => is_active,
  );
  const project = existing ?? (await projects.create(DEMO_DEVELOPER, { name: 'Demo project' }));
  return project.id;
}

/** What is printed at start: the address of the explorer, and a request that works when pasted. */
export function banner(baseUrl: string, docs: boolean, token: string, projectId: string): string {
  return `
  Stripe configuration of projects, for development

  Explorer   ${docs ? `${baseUrl}/docs` : 'off (DOCS=false)'}
  Project    ${projectId}
  Token      ${token}

  Try it:

  curl -X PUT ${baseUrl}/api/v1/payments/stripe/projects/${projectId}/config \\
    -H 'Authorization: Bearer ${token}' \\
    -H 'Content-Type: application/json' \\
    -d '{"test_secret_key": "sk_test_example_not_a_key", "test_webhook_secret": "whsec_example_not_a_secret"}'

`;
}
