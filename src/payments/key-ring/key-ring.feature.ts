import { Sealer } from '../crypto/sealer.js';
import type { Feature } from '../feature.js';
import { RESOLVED_OPTIONS } from '../options/payments.options.js';
import { KeyRingInUse } from './key-ring-in-use.js';
import { KeyRingMonitor } from './key-ring-monitor.js';
import { KeyRingUpkeep } from './key-ring-upkeep.js';
import { OPENED_KEY_RING, openKeyRing, type OpenedKeyRing } from './opened-key-ring.js';

export const keyRing: Feature = {
  providers: [
    KeyRingMonitor,
    KeyRingUpkeep,
    { provide: OPENED_KEY_RING, inject: [RESOLVED_OPTIONS], useFactory: openKeyRing },
    {
      provide: KeyRingInUse,
      inject: [OPENED_KEY_RING],
      useFactory: ({ ring }: OpenedKeyRing) => new KeyRingInUse(ring),
    },
    { provide: Sealer, inject: [KeyRingInUse], useFactory: (keys: KeyRingInUse) => new Sealer(keys) },
  ],
  exports: [Sealer, KeyRingMonitor],
};
