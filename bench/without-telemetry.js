// Loaded before a service, this takes out the recording of metrics and spans, so that the bench can show what it costs where
// nobody observes the service.
import { register } from 'node:module';

const METER = `
  export const SCOPE = '';
  export function count() {}
  export function record() {}
  export const secondsSince = () => 0;
  export const watch = () => () => {};`;
const TRACING = `
  const span = { setAttribute() {} };
  export const inSpan = (name, options, work) => work(span);
  export const startSpan = () => span;
  export const failed = () => {};
  export const contextOfRequest = () => {};
  export const contextOf = () => {};
  export const outsideTraces = (work) => work();
  export const untraced = (work) => work();
  export const traceParent = () => null;`;

const hooks = `
  const stubs = ${JSON.stringify({ 'meter.js': METER, 'tracing.js': TRACING })};
  export function load(url, context, next) {
    const source = stubs[/\\/payments\\/telemetry\\/([a-z]+\\.js)$/.exec(url)?.[1]];
    return source === undefined ? next(url, context) : { format: 'module', shortCircuit: true, source };
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
