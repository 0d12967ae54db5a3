import { createSecretKey, type KeyObject } from 'node:crypto';
import { MIN_SECRET_BYTES } from '../../payments/options/validate-options.js';
import { webAddressFault } from './common-settings.js';
import type { Settings } from './settings.js';

/** How tokens are verified; `development` makes its own secret under the data folder. */
export type AuthEnv = {
  requiredScope: string | undefined;
  scopeClaims: string[] | undefined;
  maxTokenHours: number | undefined;
} & (
  | { kind: 'secret'; secret: KeyObject }
  | {
      kind: 'issuer';
      issuer: string;
      audience: string | string[];
      audienceClaim: 'aud' | 'client_id' | 'azp';
      jwksUri: string | undefined;
    }
  | { kind: 'development' }
);

/** Marks secrets that the service made for itself, so that production can refuse them. */
export const DEVELOPMENT_SECRET_PREFIX = 'development-only-';

/** How tokens are verified: by a secret, by an identity provider's keys, or outside production by what is made up. */
export function readAuth(settings: Settings, production: boolean): AuthEnv {
  const secret = settings.secret('AUTH_JWT_SECRET');
  const issuer = settings.text('AUTH_ISSUER');
  const audience = settings.text('AUTH_AUDIENCE');
  const jwksUri = settings.text('AUTH_JWKS_URI');
  const hours = settings.number('AUTH_MAX_TOKEN_HOURS', 24, 87_600);
  if (hours === 0) settings.fault('AUTH_MAX_TOKEN_HOURS', 'must be above 0; leave it out for the default');
  const rules = {
    requiredScope: settings.text('AUTH_REQUIRED_SCOPE'),
    scopeClaims: settings.text('AUTH_SCOPE_CLAIMS')?.split(/\s+/),
    maxTokenHours: settings.text('AUTH_MAX_TOKEN_HOURS') === undefined ? undefined : hours,
  };
  const audienceClaim = settings.choice('AUTH_AUDIENCE_CLAIM', ['aud', 'client_id', 'azp'], 'aud');

  if (secret !== undefined) {
    for (const name of ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URI'] as const) {
      if (settings.text(name) !== undefined)
        settings.fault(name, 'cannot stand beside AUTH_JWT_SECRET; remove one of them');
    }
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
      settings.fault(
        'AUTH_JWT_SECRET',
        `is shorter than ${MIN_SECRET_BYTES} bytes; make one with "openssl rand -base64 48"`,
      );
    }
    if (production && secret.startsWith(DEVELOPMENT_SECRET_PREFIX)) {
      settings.fault('AUTH_JWT_SECRET', 'was made for development; make one with "openssl rand -base64 48"');
    }
    return { kind: 'secret', secret: createSecretKey(Buffer.from(secret)), ...rules };
  }
  if (issuer !== undefined || audience !== undefined || jwksUri !== undefined) {
    if (issuer === undefined)
      settings.fault('AUTH_ISSUER', 'is missing; set it to the "iss" of your identity provider’s tokens');
    if (audience === undefined)
      settings.fault('AUTH_AUDIENCE', 'is missing; set it to the "aud" that tokens for this service name');
    for (const name of ['AUTH_ISSUER', 'AUTH_JWKS_URI'] as const) {
      const value = settings.text(name);
      // Some providers tell their key sets apart by a query.
      const fault =
        value === undefined ? undefined : webAddressFault(value, production, name === 'AUTH_JWKS_URI');
      if (fault !== undefined) settings.fault(name, fault);
    }
    const audiences = (audience ?? '').split(/\s+/);
    return {
      kind: 'issuer',
      issuer: issuer ?? '',
      audience: audiences.length > 1 ? audiences : (audience ?? ''),
      audienceClaim,
      jwksUri,
      ...rules,
    };
  }
  if (production && settings.text('AUTH_JWT_SECRET_FILE') === undefined) {
    settings.fault(
      'AUTH_ISSUER',
      'is missing; set it and AUTH_AUDIENCE to your identity provider’s, or set AUTH_JWT_SECRET',
    );
  }
  return { kind: 'development', ...rules };
}
