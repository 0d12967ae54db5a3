import { keyFromMaterial, parseKeyRingForm, type KeyRingForm } from './key-ring-form.js';
import { KeyRing, KeyRingError } from './key-ring.js';
import type { KeyServiceOptions } from './key-services/key-service.js';
import { describeForm, openForm, refuseDevelopment, type KeyRingDescription } from './open-key-ring-form.js';

// A ring as a text: for platforms that give secrets as variables and not as files. It cannot be watched: another ring is
// another start.

/** What holds the text, in errors; never what it holds. */
const WHAT = 'the text of the key ring';

/**
 * The key ring of a text: what a key ring file holds, or that in base64. Its keys must be in it: a ring whose keys a key
 * service wraps is opened by {@link readKeyRingText}.
 *
 * @param options `allowDevelopment`: whether a ring that the service generated may be used; default false
 * @throws KeyRingError naming the fault and the fix, never a part of the text
 */
export function parseKeyRing(text: string, { allowDevelopment = false } = {}): KeyRing {
  const form = formOf(text);
  refuseDevelopment(form, allowDevelopment);
  return new KeyRing(
    form.keys.map(({ id, state, material }) => {
      if (material !== undefined) return keyFromMaterial(id, state, material);
      if (state === 'retired') return { id, state };
      throw new KeyRingError(
        `the key ${id} is wrapped by a key service; open the ring with readKeyRingText, which calls it`,
      );
    }),
  );
}

/**
 * As {@link parseKeyRing}, and unwraps keys that a key service wraps.
 *
 * @throws KeyRingError naming the fault and the fix, never a part of the text
 */
export async function readKeyRingText(
  text: string,
  {
    allowDevelopment = false,
    keyServices,
  }: { allowDevelopment?: boolean; keyServices?: KeyServiceOptions } = {},
): Promise<KeyRing> {
  return openForm(formOf(text), { allowDevelopment, ...(keyServices && { keyServices }) });
}

/**
 * What may be shown of the ring of a text. Calls no key service.
 *
 * @throws KeyRingError naming the fault and the fix, never a part of the text
 */
export function describeKeyRingText(text: string): KeyRingDescription {
  return describeForm(formOf(text));
}

function formOf(text: string): KeyRingForm {
  return parseKeyRingForm(decode(text.trim()), WHAT);
}

/** JSON begins with a brace, which base64 has not. */
function decode(text: string): string {
  if (!/^[\w+/=-]+$/.test(text)) return text;
  return Buffer.from(text, 'base64').toString();
}
