import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import ts from 'typescript';
import { parse, parseAllDocuments } from 'yaml';
import { SECRET_NAMES, SETTINGS } from '../../src/app/settings/setting-list.js';
import { ROOT, cleanUp, temporaryFolder } from '../support/process.js';

type Values = Record<string, unknown>;
interface Rendered {
  apiVersion: string;
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  spec: Record<string, unknown>;
}

const CHART = join(ROOT, 'deploy/helm/nest-stripe-config');
const text = (file: string) => readFileSync(join(CHART, file), 'utf8');
const schema = JSON.parse(text('values.schema.json')) as {
  properties: Record<'settings' | 'secretSettings', { propertyNames: { enum: string[] } }>;
};
/** Settings that the chart gives itself, or that production has no use for. */
const OWN = [
  'AUTH_DEVELOPMENT_PORT',
  ...['NODE_ENV', 'HOST', 'PORT', 'KEY_RING_FILE', 'DATA_DIR', 'SHUTDOWN_DELAY_SECONDS'],
  ...['METRICS_HOST', 'METRICS_PORT'],
];

const MINIMAL = {
  image: { repository: 'registry.example/stripe-config' },
  settings: {
    PUBLIC_BASE_URL: 'https://payments.example',
    AUTH_ISSUER: 'https://login.example/',
    AUTH_AUDIENCE: 'a',
  },
  secretSettings: { DATABASE_URL: { secret: 'stripe-config', key: 'database-url' } },
  keyRing: { secret: 'ring' },
};
const EVERYTHING = {
  ...MINIMAL,
  settings: { ...MINIMAL.settings, MAX_PROJECTS_PER_OWNER: 1_000_000, DOCS: true },
  secretSettings: {
    ...MINIMAL.secretSettings,
    VAULT_TOKEN: { secret: 'vault', key: 'token' },
    AUTH_JWT_SECRET: { secret: 'tokens', key: 'secret' },
  },
  imagePullSecrets: [{ name: 'registry' }],
  migrations: { databaseUrl: { secret: 'owner', key: 'url' } },
  shutdownDelaySeconds: 20,
  metrics: { port: 9464 },
  autoscaling: { enabled: true },
  networkPolicy: {
    from: [{ namespaceSelector: {} }],
    metricsFrom: [{ namespaceSelector: {} }],
    database: [{ ipBlock: { cidr: '10.0.0.0/24' } }],
    egress: [{ ports: [{ protocol: 'TCP', port: 8200 }] }],
  },
  ingress: {
    enabled: true,
    className: 'nginx',
    host: 'payments.example',
    tlsSecret: 'tls',
    annotations: { a: 'b' },
  },
  podAnnotations: { a: 'b' },
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'a', operator: 'Exists' }],
};

let renderer: string;
beforeAll(async () => {
  renderer = join(await temporaryFolder(), 'render');
  execFileSync('go', ['build', '-o', renderer, 'main.go'], {
    cwd: join(ROOT, 'test/deploy/render-chart'),
    env: { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}, 300_000);
afterAll(cleanUp);

function merged(values: Values, over: Values): Values {
  const isObject = (value: unknown): value is Values =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const result = { ...values };
  for (const [name, value] of Object.entries(over)) {
    const old = result[name];
    result[name] = isObject(old) && isObject(value) ? merged(old, value) : value;
  }
  return result;
}

const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

/** What the chart makes of values, or what it says is wrong. */
function render(over: Values): { objects: Rendered[]; notes: string; fault: string } {
  const values = merged(parse(text('values.yaml')) as Values, over);
  validate(values);
  expect(validate.errors).toBeNull();
  const chart = parse(text('Chart.yaml')) as { name: string; version: string; appVersion: string };
  const context = {
    Values: values,
    Chart: { Name: chart.name, Version: chart.version, AppVersion: chart.appVersion },
    Release: { Name: 'shop', Namespace: 'payments', Service: 'Helm', IsInstall: true, IsUpgrade: false },
  };
  const templates = Object.fromEntries(
    readdirSync(join(CHART, 'templates')).map((file) => [file, text(join('templates', file))]),
  );
  const { status, stdout, stderr } = spawnSync(renderer, {
    input: JSON.stringify({ templates, context }),
    encoding: 'utf8',
  });
  if (status !== 0) return { objects: [], notes: '', fault: stderr };
  const { 'NOTES.txt': notes = '', ...files } = JSON.parse(stdout) as Record<string, string>;
  const objects = Object.values(files)
    .flatMap((file) => parseAllDocuments(file))
    .map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as Rendered | null;
    })
    .filter((object) => object !== null);
  return { objects, notes, fault: '' };
}

const find = (objects: Rendered[], kind: string) => objects.find((each) => each.kind === kind);

/** Compares objects with Kubernetes' own types: an unknown field, a wrong type or a missing one is an error. */
function typeErrors(objects: Rendered[]): string[] {
  const lines = objects.map(({ apiVersion, kind }, index) => {
    const path = `kubernetes-types/${apiVersion.includes('/') ? apiVersion.replace('.k8s.io', '') : `core/${apiVersion}`}.js`;
    return `export const o${index}: import('${path}').${kind} = ${JSON.stringify(objects[index])};`;
  });
  const file = join(ROOT, 'test/deploy/rendered.ts');
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    module: ts.ModuleKind.NodeNext,
  };
  const system = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...system,
    fileExists: (name) => name === file || system.fileExists(name),
    readFile: (name) => (name === file ? lines.join('\n') : system.readFile(name)),
    getSourceFile: (name, ...rest) =>
      name === file
        ? ts.createSourceFile(name, lines.join('\n'), ts.ScriptTarget.Latest)
        : system.getSourceFile(name, ...rest),
  };
  const program = ts.createProgram([file], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

it('its values name the settings that there are', () => {
  const { settings, secretSettings } = schema.properties;
  const open = Object.keys(SETTINGS).filter((name) => !(SECRET_NAMES as string[]).includes(name));
  expect(settings.propertyNames.enum).toEqual(open.filter((name) => !OWN.includes(name)));
  expect(secretSettings.propertyNames.enum).toEqual(
    SECRET_NAMES.filter((name) => !['KEY_RING', 'WEBHOOK_SECRET'].includes(name)),
  );
  for (const wrong of [{ settings: { DATABASE_URL: 'postgres://u:p@h/d' } }, { replicas: 3 }]) {
    expect(validate(merged(parse(text('values.yaml')) as Values, wrong))).toBe(false);
  }
});

it('what is missing is said, each with what to set', () => {
  expect(render({}).fault).toContain('Set image.repository');
  expect(render({ ...MINIMAL, secretSettings: {} }).fault).toContain('Set secretSettings.DATABASE_URL');
  expect(render({ ...MINIMAL, keyRing: {} }).fault).toContain('Set keyRing.secret');
  expect(render({ ...MINIMAL, settings: {} }).fault).toContain('Set settings.PUBLIC_BASE_URL');
  const { PUBLIC_BASE_URL, AUTH_ISSUER } = MINIMAL.settings;
  expect(render({ ...MINIMAL, settings: { PUBLIC_BASE_URL } }).fault).toContain('Set settings.AUTH_ISSUER');
  expect(render({ ...MINIMAL, settings: { PUBLIC_BASE_URL, AUTH_ISSUER } }).fault).toContain('AUTH_AUDIENCE');
});

it.each([
  ['as little as can be', MINIMAL],
  ['everything', EVERYTHING],
])(
  'Kubernetes has each field of what is made of %s',
  (_, values) => {
    const { objects, notes, fault } = render(values);
    expect(fault).toBe('');
    expect(notes).toContain('rollout status deployment/shop-nest-stripe-config');
    const kinds = ['Deployment', 'Job', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'ServiceAccount'];
    const more = values === EVERYTHING ? ['HorizontalPodAutoscaler', 'Ingress'] : [];
    expect(objects.map(({ kind }) => kind).sort()).toEqual([...kinds, ...more].sort());
    expect(typeErrors(objects)).toEqual([]);
  },
  60_000,
);

it('a field that Kubernetes has not is found', () => {
  const { objects } = render(MINIMAL);
  const wrong = objects.map((each) =>
    each.kind === 'Job' ? { ...each, spec: { ...each.spec, retries: 3 } } : each,
  );
  expect(typeErrors(wrong)).toEqual([
    expect.stringMatching(/retries.* does not exist in type 'JobSpec'/) as unknown,
  ]);
}, 60_000);

it('settings, secrets, probes and times are those of the service', () => {
  const { objects } = render(EVERYTHING);
  const pod = (find(objects, 'Deployment')?.spec as { template: { spec: PodSpec } }).template.spec;
  const [container] = pod.containers;
  const settings = new Map(container?.env.map(({ name, value }) => [name, value]));
  for (const name of settings.keys()) {
    const setting = name === 'KEY_RING_FILE' ? name : name.replace(/_FILE$/, '');
    expect(Object.keys(SETTINGS)).toContain(setting);
    expect(SECRET_NAMES).not.toContain(name);
  }
  // No number is written as 1e+06.
  expect(settings.get('MAX_PROJECTS_PER_OWNER')).toBe('1000000');
  for (const name of ['KEY_RING', 'DATABASE_URL', 'VAULT_TOKEN', 'AUTH_JWT_SECRET']) {
    const mount = container?.volumeMounts.find(
      ({ mountPath }) => settings.get(`${name}_FILE`) === `${mountPath}/value`,
    );
    expect(pod.volumes.map((volume) => volume.name)).toContain(mount?.name);
  }
  expect(container?.startupProbe.httpGet.path).toBe('/health/live');
  expect(container?.livenessProbe.httpGet.path).toBe('/health/live');
  expect(container?.readinessProbe.httpGet.path).toBe('/health/ready');
  expect(Number(settings.get('SHUTDOWN_DELAY_SECONDS'))).toBe(20);
  expect(pod.terminationGracePeriodSeconds).toBe(30);
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, fsGroup: 1000 });

  const job = find(objects, 'Job');
  expect(job?.metadata.annotations?.['helm.sh/hook']).toBe('pre-install,pre-upgrade');
  expect(JSON.stringify(job)).toContain('"secretName":"owner"');
  const [metric = ''] =
    /stripe_config_\w+/.exec(JSON.stringify(find(objects, 'HorizontalPodAutoscaler'))) ?? [];
  // The guide's names are compared with the metrics page itself.
  const row = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8')
    .split('\n')
    .find((line) => line.startsWith('| `stripe_config.event.pending.age` '));
  expect(row).toContain(`\`${metric}\``);
});

interface Probe {
  httpGet: { path: string };
}
interface PodSpec {
  terminationGracePeriodSeconds: number;
  securityContext: object;
  volumes: { name: string }[];
  containers: {
    env: { name: string; value: string }[];
    volumeMounts: { name: string; mountPath: string }[];
    startupProbe: Probe;
    livenessProbe: Probe;
    readinessProbe: Probe;
  }[];
}
