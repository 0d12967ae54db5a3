import base from './jest.config.js';

/**
 * What no Node decides: run once, on the machine's. A spec that is not here runs on Node 24 as well, and one belongs there if it
 * tries HTTP, streams, files, processes, cryptography, TLS, or how modules are loaded.
 */
const WHATEVER_THE_NODE = [
  // SQL, and what PostgreSQL makes of it.
  ...[
    'another-credential',
    'audit',
    'concurrency',
    'database-refuses',
    'event-api',
    'event-workers',
    'events',
  ],
  ...[
    'history',
    'hostile-settings',
    'key-ring-checks',
    'migration-lock',
    'migrations',
    'one-partition',
    'partitions',
  ],
  ...[
    'project-pages',
    'project-removal',
    'projects',
    'replication',
    'rewrap',
    'schema-check',
    'schema-snapshot',
  ],
  ...['statements', 'transactions', 'unlimited-pools', 'versions'],
  // Rules of ours about what Stripe answers, and the local Stripe itself.
  ...['config-health', 'local-stripe', 'stripe-objects', 'validate-credentials', 'webhook-endpoint'],
  ...['webhook-secrets', 'webhook-urls'],
  // Texts: documents, guides, lists.
  ...[
    'documentation-site',
    'errors-page',
    'guides',
    'log-events',
    'metrics-page',
    'stripe-paths',
    'openapi',
    'openapi-errors',
  ],
  ...['openapi-examples', 'openapi-guest', 'packages', 'settings'],
  // What it is rolled out with, and its programs.
  ...['deploy/chart', 'deploy/compose', 'deploy/proxy', 'deploy/systemd'],
];

/** The specs on Node 24. @type {import('jest').Config} */
export default {
  ...base,
  testPathIgnorePatterns: [
    ...base.testPathIgnorePatterns,
    `<rootDir>/test/(${WHATEVER_THE_NODE.join('|')})\\.spec\\.ts$`,
  ],
};
