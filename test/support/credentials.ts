import { createHash } from 'node:crypto';
import type { CredentialField } from '../../src/payments/domain/credentials.js';

const PREFIX: Record<CredentialField, string> = {
  test_secret_key: ['sk', 'test', ''].join('_'),
  test_publishable_key: ['pk', 'test', ''].join('_'),
  test_webhook_secret: ['whsec', ''].join('_'),
  live_secret_key: ['sk', 'live', ''].join('_'),
  live_publishable_key: ['pk', 'live', ''].join('_'),
  live_webhook_secret: ['whsec', ''].join('_'),
};

/**
 * A credential that looks real and is none, made at run time so that no file holds anything like a key.
 *
 * @param seed another seed gives another credential
 */
export function fakeCredential(field: CredentialField, seed: string | number = 0): string {
  const body = createHash('sha256')
    .update(`fake ${field} ${seed}`)
    .digest('base64')
    .replace(/[^A-Za-z0-9]/g, 'x');
  return PREFIX[field] + body;
}

/** The mask that a credential must have, by the documented rule. */
export function expectedMask(field: CredentialField, credential: string): string {
  return `${PREFIX[field]}...${credential.slice(-4)}`;
}
