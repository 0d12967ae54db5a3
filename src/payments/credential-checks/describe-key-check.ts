import type { Mode } from '../domain/credentials.js';
import type { KeyCheckResult } from '../stripe/check-key.js';
import { PERMISSIONS } from '../stripe/stripe-api.js';

/** Whether a key can be used in a mode, in a sentence that holds nothing of the key. */
export function describeKeyCheck(result: KeyCheckResult, mode: Mode): { valid: boolean; message: string } {
  switch (result.status) {
    case 'works':
      return { valid: true, message: `Stripe accepts this ${mode} key.` };
    case 'restricted': {
      const lacks =
        result.permission === undefined ? 'a permission' : `the permission ${PERMISSIONS[result.permission]}`;
      return {
        valid: true,
        message: `This is a genuine restricted ${mode} key. It lacks ${lacks} that this check asks for; make sure that it has those your payments need.`,
      };
    }
    case 'rejected':
      return {
        valid: false,
        message:
          'Stripe does not accept this key: it is wrong, revoked or expired. Copy a current one from the Stripe Dashboard.',
      };
    case 'other_mode':
      return {
        valid: false,
        message: `Stripe accepts this key, but not for the ${mode} mode; copy a key of that mode.`,
      };
  }
}
