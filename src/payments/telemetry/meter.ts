import {
  metrics,
  type Counter,
  type Histogram,
  type Meter,
  type MeterProvider,
  type MetricOptions,
  type Observable,
  type ObservableResult,
} from '@opentelemetry/api';
import { INSTRUMENTS, type AttributesOf, type Instrument, type MetricName } from './instruments.js';

/** The name of this instrumentation, for metrics and for spans. */
export const SCOPE = 'nest-stripe-config';

/** What was made of the SDK that the process has. */
interface Made {
  readonly provider: MeterProvider;
  readonly meter: Meter;
  readonly counters: Map<MetricName, Counter>;
  readonly histograms: Map<MetricName, Histogram>;
}

/** A gauge that is asked at each collection. */
interface Watched {
  attach(meter: Meter): void;
  detach(): void;
}

let made: Made | undefined;
const watched = new Set<Watched>();

/**
 * Unlike tracers, meters that were got before an SDK was registered stay without effect, and an application may register its SDK
 * at any time. To ask which one there is costs less than to record anything.
 */
function current(): Made {
  const provider = metrics.getMeterProvider();
  if (made?.provider === provider) return made;
  made = { provider, meter: provider.getMeter(SCOPE), counters: new Map(), histograms: new Map() };
  for (const each of watched) {
    each.detach();
    each.attach(made.meter);
  }
  return made;
}

function optionsOf(name: MetricName): MetricOptions {
  const { description, unit, buckets }: Instrument = INSTRUMENTS[name];
  return {
    description,
    unit,
    ...(buckets !== undefined && { advice: { explicitBucketBoundaries: [...buckets] } }),
  };
}

/** Adds one to a counter. Nothing happens where the process has no SDK. */
export function count<Name extends MetricName<'counter'>>(name: Name, attributes: AttributesOf<Name>): void {
  const { meter, counters } = current();
  const known = counters.get(name);
  const counter = known ?? meter.createCounter(name, optionsOf(name));
  if (known === undefined) counters.set(name, counter);
  counter.add(1, attributes);
}

/**
 * Records a value of a histogram. Nothing happens where the process has no SDK.
 *
 * @param value in the metric's unit
 */
export function record<Name extends MetricName<'histogram'>>(
  name: Name,
  value: number,
  attributes: AttributesOf<Name>,
): void {
  const { meter, histograms } = current();
  const known = histograms.get(name);
  const histogram = known ?? meter.createHistogram(name, optionsOf(name));
  if (known === undefined) histograms.set(name, histogram);
  histogram.record(value, attributes);
}

/** The seconds since a moment of `performance.now()`. */
export function secondsSince(startedAt: number): number {
  return (performance.now() - startedAt) / 1_000;
}

/** A value of a gauge, with what tells its series apart. */
export type Observed<Name extends MetricName> = readonly [value: number, attributes: AttributesOf<Name>];

/**
 * Lets a gauge be asked at each collection, whenever an SDK is registered.
 *
 * @param measure gives the values of now; where it fails, or gives none, the collection goes on without them
 * @returns what to call when it is to be asked no longer
 */
export function watch<Name extends MetricName<'gauge' | 'upDownCounter'>>(
  name: Name,
  measure: () => readonly Observed<Name>[] | Promise<readonly Observed<Name>[]>,
): () => void {
  const callback = async (result: ObservableResult): Promise<void> => {
    try {
      for (const [value, attributes] of await measure()) result.observe(value, attributes);
    } catch {
      // What cannot be measured is not shown; whoever uses the database logs why.
    }
  };
  let observable: Observable | undefined;
  const each: Watched = {
    attach(meter) {
      const { kind } = INSTRUMENTS[name] as Instrument;
      observable =
        kind === 'gauge'
          ? meter.createObservableGauge(name, optionsOf(name))
          : meter.createObservableUpDownCounter(name, optionsOf(name));
      observable.addCallback(callback);
    },
    detach() {
      observable?.removeCallback(callback);
      observable = undefined;
    },
  };
  const { meter } = current();
  watched.add(each);
  each.attach(meter);
  return () => {
    watched.delete(each);
    each.detach();
  };
}
