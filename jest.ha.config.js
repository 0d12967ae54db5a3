import base from './jest.config.js';

/** The suite of high availability, which test/ha/run.js starts in namespaces of its own: `npm run test:ha`. @type {import('jest').Config} */
export default {
  ...base,
  roots: ['<rootDir>/test/ha'],
  // Named so that `npm test`, which needs no other rights, does not run it.
  testMatch: ['**/*.test.ts'],
  globalSetup: undefined,
  globalTeardown: undefined,
  testTimeout: 3_600_000,
};
