import base from './jest.config.js';

/** The specs that install what `npm run package` made: `npm run test:package`. @type {import('jest').Config} */
export default {
  ...base,
  roots: ['<rootDir>/test/package'],
  // Named so that `npm test`, which packs nothing, does not run them.
  testMatch: ['**/*.test.ts'],
  testTimeout: 600_000,
};
