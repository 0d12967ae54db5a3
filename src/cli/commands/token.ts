import { InvalidArgumentError } from 'commander';
import {
  DEMO_TOKEN_HOURS,
  developmentToken,
  issuerAt,
  secretToken,
  type TokenClaims,
} from '../../app/sign-in-server/development-token.js';
import { signInKeys, wantedPort } from '../../app/sign-in-server/sign-in-keys.js';
import { readTokenEnv } from '../../app/settings/command-settings.js';
import { SECRET_TOKEN_HOURS } from '../../payments/http/access/access-token.js';
import { CommandFault } from '../fault.js';
import { action, createProgram, run, say, type Result } from '../program.js';

interface TokenOptions {
  subject?: string;
  scope?: string;
  days?: number;
}

function print({ subject, scope, days }: TokenOptions): Result {
  const { auth, dataDir, servicePort } = readTokenEnv();
  if (auth.kind === 'issuer') {
    throw new CommandFault('Tokens come from the identity provider while AUTH_ISSUER is set; get one there.');
  }
  const maxHours = auth.maxTokenHours ?? SECRET_TOKEN_HOURS;
  if ((days ?? 0) * 24 > maxHours) {
    throw new CommandFault(
      `The service refuses tokens that are valid for longer than ${maxHours} hours; give fewer days, or raise AUTH_MAX_TOKEN_HOURS.`,
    );
  }
  const hours = days === undefined ? Math.min(DEMO_TOKEN_HOURS, maxHours) : days * 24;
  const claims = { subject, scope: scope ?? auth.requiredScope, hours };
  const token =
    auth.kind === 'secret'
      ? secretToken(auth.secret, claims)
      : ownToken(dataDir, wantedPort(dataDir, auth.port, servicePort), claims);
  say(token);
  return { token };
}

/** A token as the sign-in server of development issues them. */
function ownToken(dataDir: string, port: number, claims: TokenClaims): string {
  if (port === 0) {
    throw new CommandFault(
      'Which port the sign-in server of development has, and so what stands in its tokens, is known once the service has been started; start it, or set AUTH_DEVELOPMENT_PORT.',
    );
  }
  return developmentToken(signInKeys(dataDir), issuerAt(port), claims);
}

function toDays(text: string): number {
  const days = Number(text);
  if (!/^\d{1,4}$/.test(text) || days === 0)
    throw new InvalidArgumentError('It must be a number from 1 to 9999.');
  return days;
}

await run(
  createProgram(
    'token',
    'Prints an access token signed with AUTH_JWT_SECRET, or else as of the sign-in server of development.',
  )
    .option('--subject <subject>', 'whose token it is (default: the demo developer)')
    .option('--scope <scope>', 'scopes, parted by spaces (default: AUTH_REQUIRED_SCOPE)')
    .option(
      '--days <days>',
      'how long it is valid (default: 30, or what AUTH_MAX_TOKEN_HOURS allows)',
      toDays,
    )
    .action(action(print)),
);
