import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { MetricName } from '../telemetry/instruments.js';
import { watch, type Observed } from '../telemetry/meter.js';
import { DEFAULT_BASE_PATH, RESOLVED_OPTIONS, type ResolvedOptions } from './payments.options.js';

type GaugeName = MetricName<'gauge' | 'upDownCounter'>;

/**
 * The gauges of this instance of the module: asked at each collection while the application runs. An instance with another base path
 * than the default says so in an attribute, since an application may have several.
 */
@Injectable()
export class Gauges implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly starts: (() => () => void)[] = [];
  private stops: (() => void)[] = [];
  private readonly instance: object;

  constructor(@Inject(RESOLVED_OPTIONS) { basePath }: Pick<ResolvedOptions, 'basePath'>) {
    this.instance = basePath === DEFAULT_BASE_PATH ? {} : { 'stripe_config.base_path': basePath };
  }

  /** @param measure the values of now; where it fails or has none, the collection goes on without them */
  watch<Name extends GaugeName>(
    name: Name,
    measure: () => readonly Observed<Name>[] | Promise<readonly Observed<Name>[]>,
  ): void {
    this.starts.push(() =>
      watch(name, async () =>
        (await measure()).map(([value, attributes]): Observed<Name> => [
          value,
          { ...attributes, ...this.instance },
        ]),
      ),
    );
  }

  onApplicationBootstrap(): void {
    this.stops = this.starts.map((start) => start());
  }

  onApplicationShutdown(): void {
    for (const stop of this.stops.splice(0)) stop();
  }
}
