import { TestTelemetry } from '../../../test/support/telemetry.js';
import { count, record, watch } from './meter.js';

const ACTION = { 'stripe_config.config.action': 'created' };

describe('a metric', () => {
  let telemetry: TestTelemetry | undefined;
  afterEach(() => telemetry?.stop());

  it('is recorded as soon as there is an SDK, and with the next one', async () => {
    let value = 7;
    const stop = watch('stripe_config.event.dead', () => [[value, {}]]);
    count('stripe_config.config.changes', ACTION);
    for (const added of [1, 2]) {
      telemetry = new TestTelemetry();
      for (let each = 0; each < added; each++) count('stripe_config.config.changes', ACTION);
      record('db.client.operation.duration', 0.002, { 'db.operation.name': 'check' });
      expect(await telemetry.series('stripe_config.config.changes')).toEqual([
        expect.objectContaining({ value: added, attributes: ACTION }),
      ]);
      expect(await telemetry.series('stripe_config.event.dead')).toEqual([
        expect.objectContaining({ value }),
      ]);
      const [duration] = await telemetry.series('db.client.operation.duration');
      expect(duration?.value).toMatchObject({
        count: 1,
        buckets: { boundaries: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] },
      });
      await telemetry.stop();
      value += 1;
    }
    stop();
  });

  it('of a gauge that fails, or is asked no longer, is left out, and the others are there', async () => {
    telemetry = new TestTelemetry();
    const stops = [
      watch('stripe_config.event.dead', () => Promise.reject(new Error('the database is down'))),
      watch('stripe_config.key_ring.fit', () => [[1, {}]]),
      watch('stripe_config.listener.connected', () => [[1, {}]]),
    ];
    stops[2]?.();
    const names = (await telemetry.metrics()).filter(({ dataPoints }) => dataPoints.length > 0);
    expect(names.map(({ descriptor }) => descriptor.name)).toEqual(['stripe_config.key_ring.fit']);
    for (const stop of stops) stop();
  });
});
