import { InvalidArgumentError } from 'commander';
import { developmentSecret, developmentToken, type TokenClaims } from '../../app/development.js';
import { readTokenEnv } from '../../app/settings/command-settings.js';
import { SECRET_TOKEN_HOURS } from '../../payments/http/access/access-token.js';
import { CommandFault } from '../fault.js';
import { action, createProgram, run, say, type Result } from '../program.js';

function print({ subject, scope, days }: TokenClaims): Result {
  const { auth, dataDir } = readTokenEnv();
  if (auth.kind === 'issuer') {
    throw new CommandFault('Tokens come from the identity provider while AUTH_ISSUER is set; get one there.');
  }
  const maxHours = auth.maxTokenHours ?? SECRET_TOKEN_HOURS;
  if ((days ?? 0) * 24 > maxHours) {
    throw new CommandFault(
      `The service refuses tokens that are valid for longer than ${maxHours} hours; give fewer days, or raise AUTH_MAX_TOKEN_HOURS.`,
    );
  }
  const secret = auth.kind === 'secret' ? auth.secret.export() : developmentSecret(dataDir);
  const token = developmentToken(secret, { subject, scope: scope ?? auth.requiredScope, days });
  say(token);
  return { token };
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
    'Prints an access token signed with AUTH_JWT_SECRET, or else with the development secret under DATA_DIR.',
  )
    .option('--subject <subject>', 'whose token it is (default: the demo developer)')
    .option('--scope <scope>', 'scopes, parted by spaces (default: AUTH_REQUIRED_SCOPE)')
    .option('--days <days>', 'how long it is valid (default: 30)', toDays)
    .action(action(print)),
);
