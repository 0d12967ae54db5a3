import type { errors, JWTPayload, JWTVerifyOptions } from 'jose';
import type { AccessTokenOptions } from '../../options/payments.options.js';
import {
  checkLifetime,
  CLOCK_TOLERANCE_SECONDS,
  validateClaims,
  validateHeader,
  TokenRefused,
} from './access-token.js';
import type { Caller } from '../http-request.js';
import type { IssuerKeys } from './issuer-keys.js';
import { explainIssuer, spellingsOf } from './issuer-spelling.js';
import { loadJose } from './load-jose.js';

/** How tokens of an identity provider are verified. */
export type IssuerOptions = Exclude<AccessTokenOptions, { secret: unknown }>;

/** What public keys verify; a shared secret under the text of a public key is none of it. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** Longest time that a token may still be valid: identity providers issue for minutes to a day. */
const ISSUER_TOKEN_HOURS = 24;

/**
 * Makes what verifies the access tokens of an identity provider. The algorithm is validated before the keys are asked for,
 * so that a token that could never be accepted is no reason to ask the provider, and claims after the signature.
 *
 * @returns a function that throws TokenRefused, or DependencyUnavailable when the provider cannot be asked
 */
export async function issuerTokenVerifier(
  auth: IssuerOptions,
  keys: IssuerKeys,
): Promise<(token: string) => Promise<Caller>> {
  const jose = await loadJose();
  const { audience, audienceClaim = 'aud', maxTokenHours = ISSUER_TOKEN_HOURS } = auth;
  const options: JWTVerifyOptions = {
    algorithms: ALGORITHMS,
    issuer: spellingsOf(auth.issuer),
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    ...(audienceClaim === 'aud' && { audience: [audience].flat() }),
  };
  return async (token) => {
    const { payload, protectedHeader } = await jose
      .jwtVerify(token, (header) => keys.find(header), options)
      .catch((error: unknown) => {
        throw refusalOf(jose.errors, error, auth.issuer);
      });
    validateHeader(protectedHeader);
    checkLifetime(payload, maxTokenHours, Date.now() / 1000);
    if (audienceClaim !== 'aud') checkClient(payload[audienceClaim], audience);
    return validateClaims(payload, auth.requiredScope, auth.scopeClaims);
  };
}

/** Access tokens of some providers name no service but the client that they were issued to. */
function checkClient(client: unknown, allowed: string | readonly string[]): void {
  if (typeof client !== 'string' || ![allowed].flat().includes(client)) throw new TokenRefused('audience');
}

/** Which check failed; anything but an error of jose is thrown on as it is. */
function refusalOf(
  {
    JOSEError,
    JWTExpired,
    JWSSignatureVerificationFailed,
    JOSEAlgNotAllowed,
    JWTClaimValidationFailed,
  }: typeof errors,
  error: unknown,
  issuer: string,
): unknown {
  if (!(error instanceof JOSEError)) return error;
  if (error instanceof JWTExpired) return new TokenRefused('expired');
  if (error instanceof JWSSignatureVerificationFailed) return new TokenRefused('signature');
  if (error instanceof JOSEAlgNotAllowed) return new TokenRefused('algorithm');
  return error instanceof JWTClaimValidationFailed
    ? claimRefusal(error.claim, error.payload, issuer)
    : new TokenRefused('malformed');
}

function claimRefusal(claim: string, payload: JWTPayload, issuer: string): TokenRefused {
  if (claim === 'iss') return new TokenRefused('issuer', explainIssuer(issuer, payload.iss));
  if (claim === 'aud') return new TokenRefused('audience');
  return new TokenRefused(claim === 'nbf' && typeof payload.nbf === 'number' ? 'not_yet_valid' : 'malformed');
}
