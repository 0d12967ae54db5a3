import { Command, InvalidArgumentError } from 'commander';
import { developmentSecret, developmentToken, type TokenClaims } from '../app/development.js';
import { readTokenEnv } from '../app/settings/command-settings.js';
import { SECRET_TOKEN_HOURS } from '../payments/http/jwt.strategy.js';
import { CommandFault, endWith } from './fault.js';

function run({ subject, scope, days }: TokenClaims): void {
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
  process.stdout.write(
    `${developmentToken(secret, { subject, scope: scope ?? auth.requiredScope, days })}\n`,
  );
}

function toDays(text: string): number {
  const days = Number(text);
  if (!/^\d{1,4}$/.test(text) || days === 0)
    throw new InvalidArgumentError('It must be a number from 1 to 9999.');
  return days;
}

await new Command('token')
  .description(
    'Prints an access token signed with AUTH_JWT_SECRET, or else with the development secret under DATA_DIR.',
  )
  .option('--subject <subject>', 'whose token it is (default: the demo developer)')
  .option('--scope <scope>', 'scopes, parted by spaces (default: AUTH_REQUIRED_SCOPE)')
  .option('--days <days>', 'how long it is valid (default: 30)', toDays)
  .action(run)
  .parseAsync()
  .catch(endWith);
