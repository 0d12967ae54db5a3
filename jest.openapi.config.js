import base from './jest.config.js';

/** The specs that install linters and generators of clients: `npm run test:openapi`. @type {import('jest').Config} */
export default {
  ...base,
  roots: ['<rootDir>/test/openapi'],
  // Named so that `npm test`, which installs nothing, does not run them.
  testMatch: ['**/*.test.ts'],
  testTimeout: 600_000,
};
