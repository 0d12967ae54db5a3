import { count, oneOf, text, webAddress, wholeNumber, words, type SchemaContext } from './schemas.js';
import { tokenSecret } from './token-secret.js';

/** The settings by which callers are known. */
export const AUTH_SETTINGS = {
  AUTH_JWT_SECRET: {
    meaning: 'HS256 secret of access tokens, 32 bytes or more',
    absent: 'in development people sign in at a server of the service’s own',
    secret: true,
    schema: tokenSecret,
  },
  AUTH_ISSUER: {
    meaning:
      'tokens of an identity provider instead of the secret (RS, PS, ES, EdDSA algorithms): their `iss`',
    absent: 'unused',
    fix: 'set it to the "iss" of your identity provider’s tokens',
    schema: webAddress,
  },
  AUTH_AUDIENCE: {
    meaning: 'the `aud` that its tokens must have; several parted by spaces: one of them',
    absent: 'unused',
    fix: 'set it to the "aud" that tokens for this service name',
    schema: () => words,
  },
  AUTH_JWKS_URI: {
    meaning: 'its key set',
    absent: 'the one that the issuer’s metadata names',
    // Some providers tell their key sets apart by a query.
    schema: (context: SchemaContext) => webAddress(context, { query: true }),
  },
  AUTH_REQUIRED_SCOPE: {
    meaning: 'a scope that every token must have',
    absent: 'none',
    schema: () => text,
  },
  AUTH_AUDIENCE_CLAIM: {
    meaning: 'the claim that `AUTH_AUDIENCE` stands in: `aud`, `client_id` or `azp`',
    default: 'aud',
    schema: () => oneOf(['aud', 'client_id', 'azp']),
  },
  AUTH_SCOPE_CLAIMS: {
    meaning: 'the claims that scopes stand in, parted by spaces; also paths, like `realm_access.roles`',
    absent: '`scope scp`',
    schema: () => words,
  },
  AUTH_MAX_TOKEN_HOURS: {
    meaning: 'how long a token may still be valid, 1 to 87600',
    absent: '`24`; with `AUTH_JWT_SECRET`, or without an issuer in development, `744`',
    schema: () => count(87_600),
  },
  AUTH_DEVELOPMENT_PORT: {
    meaning:
      'the port on 127.0.0.1 of the server where people sign in during development, when nothing above says who issues tokens; 0: any that is free',
    absent: 'the one of last time, at first `PORT` + 1',
    schema: () => wholeNumber(65_535),
  },
} as const;
