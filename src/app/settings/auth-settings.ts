import { createSecretKey } from 'node:crypto';
import type { Settings } from './settings.js';

const PROVIDER = ['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URI'] as const;

/** How tokens are verified: by a secret, by an identity provider's keys, or outside production by those of a sign-in server of the service's own. */
export function readAuth(settings: Settings) {
  const rules = {
    requiredScope: settings.get('AUTH_REQUIRED_SCOPE'),
    scopeClaims: settings.get('AUTH_SCOPE_CLAIMS'),
    maxTokenHours: settings.get('AUTH_MAX_TOKEN_HOURS'),
  };
  const audienceClaim = settings.get('AUTH_AUDIENCE_CLAIM');
  const secret = settings.get('AUTH_JWT_SECRET');
  const given = PROVIDER.filter((name) => settings.has(name));

  if (secret !== undefined) {
    for (const name of given) settings.fault(name, 'cannot stand beside AUTH_JWT_SECRET; remove one of them');
    return { kind: 'secret' as const, secret: createSecretKey(Buffer.from(secret)), ...rules };
  }
  if (given.length > 0) {
    const issuer = settings.necessity('AUTH_ISSUER', true) ?? '';
    const [first = '', ...others] = settings.necessity('AUTH_AUDIENCE', true) ?? [];
    const audience = others.length > 0 ? [first, ...others] : first;
    const jwksUri = settings.get('AUTH_JWKS_URI');
    return { kind: 'issuer' as const, issuer, audience, audienceClaim, jwksUri, ...rules };
  }
  if (settings.production && !settings.has('AUTH_JWT_SECRET')) {
    settings.fault(
      'AUTH_ISSUER',
      'is missing; set it and AUTH_AUDIENCE to your identity provider’s, or set AUTH_JWT_SECRET',
    );
  }
  return { kind: 'development' as const, port: settings.get('AUTH_DEVELOPMENT_PORT'), ...rules };
}
