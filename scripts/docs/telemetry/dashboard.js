import { INSTRUMENTS } from '../../../dist/payments/telemetry/instruments.js';
import { prometheusName, underscored } from './names.js';

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const WIDTH = 12;
const HEIGHT = 8;
const UNITS = { s: 's', 1: 'none' };

/** What tells the lines of a panel apart: not what is the same everywhere, or too many to be read. */
const HIDDEN =
  /^(url\.scheme|db\.system\.name|db\.client\.connection\.pool\.name|stripe_config\.base_path|http\.request\.method)$/;

/** The questions of a metric, each with the names of its lines. */
function questionsOf(name, { kind, attributes }) {
  const metric = prometheusName(name);
  const by = Object.keys(attributes)
    .filter((attribute) => !HIDDEN.test(attribute))
    .map(underscored);
  const legend = by.map((label) => `{{${label}}}`).join(' ') || '{{instance}}';
  const grouped = (of, more = []) => {
    const labels = [...by, ...more];
    return labels.length === 0 ? `sum by (instance) (${of})` : `sum by (${labels.join(', ')}) (${of})`;
  };
  if (kind === 'counter') return [[grouped(`rate(${metric}[$__rate_interval])`), legend]];
  if (kind === 'histogram') {
    // A quantile of each status would be many lines, most of few requests.
    const group = by.slice(0, 1);
    const of = `sum by (${['le', ...group].join(', ')}) (rate(${metric}_bucket[$__rate_interval]))`;
    const line = group.map((label) => `{{${label}}} `).join('');
    return [
      ...[0.5, 0.99].map((quantile) => [
        `histogram_quantile(${quantile}, ${of})`,
        `${line}p${quantile * 100}`,
      ]),
    ];
  }
  return [
    [
      by.length === 0 ? metric : grouped(metric, ['instance']),
      `${by.length === 0 ? '' : `${legend} `}{{instance}}`,
    ],
  ];
}

/** How often what a histogram measures happened. */
function ratePanel(name, { description, attributes }) {
  const by = Object.keys(attributes)
    .filter((attribute) => !HIDDEN.test(attribute))
    .map(underscored);
  const of = `rate(${prometheusName(name)}_count[$__rate_interval])`;
  return {
    title: `${name}: how many a second`,
    description,
    unit: 'ops',
    targets: [
      [
        by.length === 0 ? `sum by (instance) (${of})` : `sum by (${by.join(', ')}) (${of})`,
        by.map((label) => `{{${label}}}`).join(' ') || '{{instance}}',
      ],
    ],
  };
}

/** A dashboard of Grafana with every metric of the list. */
export function dashboard() {
  const panels = Object.entries(INSTRUMENTS).flatMap(([name, instrument]) => {
    const { description, unit, kind } = instrument;
    const panel = {
      title: name,
      description,
      unit: kind === 'counter' ? 'ops' : (UNITS[unit] ?? 'short'),
      targets: questionsOf(name, instrument),
    };
    return kind === 'histogram' ? [panel, ratePanel(name, instrument)] : [panel];
  });
  return {
    uid: 'nest-stripe-config',
    title: 'nest-stripe-config',
    tags: ['nest-stripe-config'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus' }],
    },
    panels: panels.map(({ title, description, unit, targets }, index) => ({
      id: index + 1,
      type: 'timeseries',
      title,
      description,
      datasource: DATASOURCE,
      gridPos: { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      targets: targets.map(([expr, legendFormat], each) => ({
        refId: String.fromCharCode(65 + each),
        datasource: DATASOURCE,
        expr,
        legendFormat,
      })),
    })),
  };
}
