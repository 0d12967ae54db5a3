import { PaymentsOptionsError } from '../../options/options-error.js';

/**
 * Loads jose, which is an ES module: `import()` loads it on every Node that is supported, from CommonJS too. Only tokens of an
 * identity provider need it.
 *
 * @throws PaymentsOptionsError below a test runner without `import()`, as Jest is by default
 */
export function loadJose(): Promise<typeof import('jose')> {
  return import('jose').catch((cause: unknown) => {
    throw new PaymentsOptionsError(
      [
        'auth.issuer: tokens are verified by jose, an ES module, which could not be loaded; Jest loads such modules when it is run with NODE_OPTIONS=--experimental-vm-modules, and a test can do without by giving auth.guard or auth.secret',
      ],
      { cause },
    );
  });
}
