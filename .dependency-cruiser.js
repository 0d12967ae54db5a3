/**
 * The floors of the house, see docs/decisions/0022-floor-plan.md: a file imports from its own floor and those below it, and
 * nothing climbs, not even for a type.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */
const FLOORS = [
  'domain',
  'common',
  'telemetry',
  '(crypto|database)',
  'options',
  '(http|stripe|key-ring)',
  '(stripe-config|audit|credential-checks|health)',
  '(stripe-webhooks|stripe-clients|project-list)',
  '(webhook-endpoint|config-health|project-removal|key-rotation)',
  'schema',
];

const PAYMENTS = '^src/payments/';

const climbing = FLOORS.slice(0, -1).map((floor, index) => ({
  name: `nothing-climbs-from-${floor.replaceAll(/[()]/g, '').replaceAll('|', '-')}`,
  comment:
    'Move what both need to the lower floor, or let the lower floor own a hook that the higher one implements.',
  severity: 'error',
  from: { path: `${PAYMENTS}${floor}/` },
  to: { path: `${PAYMENTS}(${FLOORS.slice(index + 1).join('|')})/` },
}));

export default {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    ...climbing,
    {
      name: 'features-do-not-import-the-module',
      severity: 'error',
      from: { path: `${PAYMENTS}[^/]+/` },
      to: { path: `${PAYMENTS}payments\\.(module|features|module-definition)\\.ts$` },
    },
    {
      name: 'the-module-knows-nothing-of-the-service-around-it',
      severity: 'error',
      from: { path: '^src/(payments/|(index|typeorm|drizzle|prisma)\\.ts$)' },
      to: { path: '^src/', pathNot: PAYMENTS },
    },
    {
      name: 'the-testing-kit-knows-nothing-of-the-service',
      severity: 'error',
      from: { path: '^src/testing/' },
      to: { path: '^src/', pathNot: '^src/(payments|testing)/' },
    },
    {
      name: 'nothing-loads-the-testing-kit',
      comment: 'It is an entry of its own, for tests of applications.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/testing/' },
      to: { path: '^src/testing/' },
    },
    {
      name: 'the-sdk-of-stripe-in-one-folder',
      comment: 'Beside the testing kit, whose clients are the SDK’s own.',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/(payments/stripe|testing)/` },
      to: { path: '^node_modules/stripe/' },
    },
    {
      name: 'rules-of-credentials-without-a-framework',
      severity: 'error',
      from: { path: `${PAYMENTS}domain/` },
      to: { dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'cryptography-without-a-framework',
      comment:
        'Clients of key services are loaded when they are needed; they, their transport and schemas may be imported.',
      severity: 'error',
      from: { path: `${PAYMENTS}crypto/` },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'npm-unknown'],
        pathNot:
          '^node_modules/(@aws-sdk/client-kms|@google-cloud/kms|https-proxy-agent|proxy-from-env|undici|valibot)/',
      },
    },
    {
      name: 'pages-share-rules-and-shapes-alone',
      comment:
        'What runs in a browser takes the rules of credentials as they are, and of everything else the types.',
      severity: 'error',
      from: { path: '^src/ui/' },
      to: { path: '^src/', pathNot: '^src/(ui|payments/domain)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-pages-load-pages',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ui/' },
      to: { path: '^src/ui/' },
    },
    {
      name: 'packages-are-installed-with-the-product',
      comment: 'Pages are one file each, with everything that they need.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ui/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        pathNot:
          '^node_modules/(@types/|@nestjs/event-emitter|@aws-sdk/client-kms|@google-cloud/kms|oidc-provider)',
      },
    },
    {
      name: 'what-only-some-install-is-loaded-when-it-is-needed',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: '^node_modules/(@nestjs/event-emitter|@aws-sdk/client-kms|@google-cloud/kms|oidc-provider)/',
        dynamic: false,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'typeorm-only-where-the-host-has-it',
      comment:
        'What the main entry loads runs in hosts without TypeORM; entities are loaded by nest-stripe-config/typeorm.',
      severity: 'error',
      from: { path: '^src/(payments|testing|index\\.ts|cli)', pathNot: '\\.entit(y|ies)\\.ts$' },
      to: { path: '^node_modules/typeorm/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'entities-only-with-typeorm',
      severity: 'error',
      from: { path: '^src/(payments|testing|index\\.ts|cli)', pathNot: '\\.entit(y|ies)\\.ts$' },
      to: { path: '\\.entit(y|ies)\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    { name: 'imports-are-found', severity: 'error', from: { path: '^src/' }, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.spec\\.ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
