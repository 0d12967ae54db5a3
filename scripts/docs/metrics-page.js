// Writes what is made of the list of metrics in a build: the page docs/metrics.md, the alert rules of Prometheus and the dashboard of
// Grafana, into the project or the folder that is named. Run by `npm run docs:metrics`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { INSTRUMENTS } from '../../dist/payments/telemetry/instruments.js';
import { ALERTS, rulesFile } from './telemetry/alert-rules.js';
import { dashboard } from './telemetry/dashboard.js';
import { prometheusName } from './telemetry/names.js';

const ROOT = join(import.meta.dirname, '../..');
const KINDS = { upDownCounter: 'up-down counter' };

const rows = Object.entries(INSTRUMENTS).map(
  ([name, { kind, unit, description }]) =>
    `| \`${name}\` | \`${prometheusName(name)}\` | ${KINDS[kind] ?? kind} | ${unit === '1' ? '' : `\`${unit}\``} | ${description} |`,
);

const attributes = Object.entries(INSTRUMENTS).flatMap(([name, { attributes }]) =>
  Object.entries(attributes).map(([attribute, values]) => `| \`${name}\` | \`${attribute}\` | ${values} |`),
);

const alerts = ALERTS.map(
  ({ name, severity, of, summary, action }) =>
    `| \`${name}\` | ${severity} | \`${of}\` | ${summary.replace(/\{\{.*?\}\}/, 'a type')} | ${action} |`,
);

const onlyOf = (where) =>
  Object.entries(INSTRUMENTS)
    .flatMap(([name, { only }]) => (only === where ? [`\`${name}\``] : []))
    .join(', ');

const page = `# Metrics

<!-- Written by npm run docs:metrics; edit src/payments/telemetry/instruments.ts and scripts/docs/telemetry/ instead. -->

[Operations](operations.md#metrics-and-traces) says how to get them, [embedding](embedding.md#metrics-and-traces) how an application does.

Names without \`stripe_config.\` are those of OpenTelemetry's semantic conventions. The second column is the name on the service's own
page for Prometheus; a collector that hands metrics on to Prometheus adds the unit (\`_seconds\`). Only the service records
${onlyOf('service')}: in an application its own instrumentation of HTTP does. Only applications have ${onlyOf('application')}.

| metric | on the page | kind | unit | meaning |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## Attributes

No attribute names a project, an event, an account or a person, and none has values that a sender of requests may choose.

| metric | attribute | values |
| --- | --- | --- |
${attributes.join('\n')}

## Alerts

In \`deploy/prometheus/alerts.yaml\` of the sources, by the names of the service's page. \`critical\` should wake somebody.

| alert | severity | by | meaning | what to do |
| --- | --- | --- | --- | --- |
${alerts.join('\n')}
`;

const rules = `# Written by npm run docs:metrics; edit scripts/docs/telemetry/alert-rules.js instead.
groups:
${rulesFile()
  .groups.map(({ name, rules: all }) => `  - name: ${name}\n    rules:\n${all.map(ruleOf).join('')}`)
  .join('')}`;

/** A text of JSON is one of YAML. */
function ruleOf({ alert, expr, for: duration, labels, annotations }) {
  return `      - alert: ${alert}
        expr: ${JSON.stringify(expr)}
        for: ${duration}
        labels: { severity: ${labels.severity} }
        annotations:
          summary: ${JSON.stringify(annotations.summary)}
          description: ${JSON.stringify(annotations.description)}
`;
}

const [, , folder = ROOT] = process.argv;
for (const [file, text] of [
  ['docs/metrics.md', page],
  ['deploy/prometheus/alerts.yaml', rules],
  ['deploy/grafana/nest-stripe-config.json', JSON.stringify(dashboard())],
]) {
  const options = { ...(await resolveConfig(join(ROOT, file))), filepath: join(ROOT, file) };
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), await format(text, options));
}
