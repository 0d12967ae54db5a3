import * as v from 'valibot';
import { MIN_SECRET_BYTES } from '../../payments/options/validate-options.js';
import { text, type SchemaContext } from './schemas.js';

/** Marks secrets that earlier versions generated, which production refuses. */
export const DEVELOPMENT_SECRET_PREFIX = 'development-only-';

const FIX = 'make one with "openssl rand -base64 48"';

/** The secret of access tokens. */
export function tokenSecret({ production }: SchemaContext) {
  return v.pipe(
    text,
    v.minBytes(MIN_SECRET_BYTES, `is shorter than ${MIN_SECRET_BYTES} bytes; ${FIX}`),
    v.check(
      (secret) => !production || !secret.startsWith(DEVELOPMENT_SECRET_PREFIX),
      `was made for development; ${FIX}`,
    ),
  );
}
