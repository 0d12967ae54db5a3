import { Sealer } from '../crypto/sealer.js';
import type { Feature } from '../feature.js';
import { RESOLVED_OPTIONS } from '../options/payments.options.js';
import { CurrentKeyRing } from './current-key-ring.js';
import { KeyRingCheck } from './key-ring-check.js';
import { KeyRingWatcher } from './key-ring-watcher.js';
import { OPENED_KEY_RING, openKeyRing, type OpenedKeyRing } from './opened-key-ring.js';

export const keyRing: Feature = {
  providers: [
    KeyRingCheck,
    KeyRingWatcher,
    { provide: OPENED_KEY_RING, inject: [RESOLVED_OPTIONS], useFactory: openKeyRing },
    {
      provide: CurrentKeyRing,
      inject: [OPENED_KEY_RING],
      useFactory: ({ ring }: OpenedKeyRing) => new CurrentKeyRing(ring),
    },
    { provide: Sealer, inject: [CurrentKeyRing], useFactory: (keys: CurrentKeyRing) => new Sealer(keys) },
  ],
  exports: [Sealer, KeyRingCheck],
};
