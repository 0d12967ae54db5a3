// Writes the list of metrics, docs/metrics.md or the file that is named, from the list in a build. Run by `npm run docs:metrics`.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { INSTRUMENTS } from '../../dist/payments/telemetry/instruments.js';

const KINDS = { upDownCounter: 'up-down counter' };

/** How Prometheus has a metric that our page shows. */
export function prometheusName(name) {
  const { kind } = INSTRUMENTS[name];
  return `${name.replaceAll('.', '_')}${kind === 'counter' ? '_total' : ''}`;
}

const rows = Object.entries(INSTRUMENTS).map(
  ([name, { kind, unit, description }]) =>
    `| \`${name}\` | \`${prometheusName(name)}\` | ${KINDS[kind] ?? kind} | ${unit === '1' ? '' : `\`${unit}\``} | ${description} |`,
);

const attributes = Object.entries(INSTRUMENTS).flatMap(([name, { attributes }]) =>
  Object.entries(attributes).map(([attribute, values]) => `| \`${name}\` | \`${attribute}\` | ${values} |`),
);

const onlyOf = (where) =>
  Object.entries(INSTRUMENTS)
    .flatMap(([name, { only }]) => (only === where ? [`\`${name}\``] : []))
    .join(', ');

const page = `# Metrics

<!-- Written by npm run docs:metrics; edit src/payments/telemetry/instruments.ts instead. -->

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
`;

const target = join(import.meta.dirname, '../../docs/metrics.md');
const [, , file = target] = process.argv;
writeFileSync(file, await format(page, { ...(await resolveConfig(target)), filepath: target }));
