import type { Settings } from './settings.js';

/**
 * Where the key ring is: a file, which is watched, or a text.
 *
 * @param isNecessary whether one of both must be set
 */
export function readKeyRing(settings: Settings, isNecessary: boolean) {
  const isText = settings.has('KEY_RING');
  if (isText && settings.has('KEY_RING_FILE')) {
    settings.fault('KEY_RING', 'cannot stand beside KEY_RING_FILE; remove one of them');
  }
  return {
    keyRing: settings.get('KEY_RING'),
    keyRingFile: settings.necessity('KEY_RING_FILE', isNecessary && !isText),
  };
}
