import base from './jest.config.js';

/** The specs that need a browser: `npm run test:browser`. @type {import('jest').Config} */
export default {
  ...base,
  roots: ['<rootDir>/test/browser'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 180_000,
};
