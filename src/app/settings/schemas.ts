import * as v from 'valibot';
import { addressFault, isOrigin } from '../../payments/common/http-address.js';
import { Secret } from '../../payments/crypto/secret.js';
import { RETENTION_FAULT, isRetention } from '../../payments/options/retention.js';

// What values of settings are like. A message is the end of a sentence that begins with the name of the setting.

/** What a schema may depend on. */
export interface SchemaContext {
  production: boolean;
}

/** Any text. */
export const text = v.string();

/** A text that stays out of every log. */
export const secret = v.pipe(
  text,
  v.transform((value) => new Secret(value)),
);

/** Texts parted by spaces. */
export const words = v.pipe(
  text,
  v.transform((value) => value.split(/\s+/)),
);

/** A number without sign or fraction, from a least one on (default: 0). */
export function wholeNumber(max: number, min = 0) {
  const fault = `must be a number from ${min} to ${max}`;
  return v.pipe(text, v.digits(fault), v.transform(Number), v.minValue(min, fault), v.maxValue(max, fault));
}

/** A number as of {@link wholeNumber}, where 0 has no meaning. */
export function count(max: number) {
  return wholeNumber(max, 1);
}

/** How long finished events are kept. */
export const retention = v.pipe(
  text,
  v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
    const days = /^\d+$/.test(value) ? Number(value) : value;
    if (isRetention(days)) return days;
    addIssue({ message: RETENTION_FAULT });
    return NEVER;
  }),
);

/** One of a few words. */
export function oneOf<const Choices extends readonly string[]>(choices: Choices) {
  return v.picklist(choices, `must be one of ${choices.join(', ')}`);
}

/** `true` or `false`. */
export const flag = v.pipe(
  oneOf(['true', 'false']),
  v.transform((value) => value === 'true'),
);

/** A text in which nothing is found to be wrong. */
export function faultless(faultOf: (value: string) => string | undefined) {
  return v.pipe(
    text,
    v.rawCheck(({ dataset, addIssue }) => {
      const message = dataset.typed ? faultOf(dataset.value) : undefined;
      if (message !== undefined) addIssue({ message });
    }),
  );
}

/** An address of the web, which in production must be one of https. */
export function webAddress({ production }: SchemaContext, { query = false } = {}) {
  const wanted = `an ${production ? 'https' : 'http or https'} address`;
  return faultless((value) => addressFault(value, wanted, { https: production, query }));
}

/** An address of a collector, which is often a neighbour without TLS. */
export const collectorAddress = faultless((value) => addressFault(value, 'an http or https address'));

const HEADER = /^([!#$%&'*+.^_`|~\w-]+)\s*=([^;]+)$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/;

/** Whether the SDK reads a header: what it does not, it leaves out without a word. */
function isHeader(entry: string): boolean {
  const [, , value = ''] = HEADER.exec(entry.trim()) ?? [];
  try {
    return HEADER_VALUE.test(decodeURIComponent(value.trim()));
  } catch {
    return false;
  }
}

/** Headers for a collector. */
export const collectorHeaders = v.pipe(
  secret,
  v.check(
    (headers) => headers.reveal().split(',').every(isHeader),
    'must be name=value, several separated by commas, with % for other commas, semicolons and percent signs',
  ),
);

/** As {@link webAddress}, of a server and nothing on it. */
export function webOrigin({ production }: SchemaContext, advice: string) {
  const wanted = `an ${production ? 'https' : 'http or https'} address without a path`;
  return faultless((value) => {
    const fault = addressFault(value, wanted, { https: production });
    if (fault === undefined && isOrigin(value)) return undefined;
    return `${fault ?? `must be ${wanted}`}; ${advice}`;
  });
}

/** Several origins, parted by spaces, as browsers write them: in lower case, and without the port that their scheme has anyway. */
export function webOrigins({ production }: SchemaContext) {
  const wanted = `origins parted by spaces, each an ${production ? 'https' : 'http or https'} address without a path`;
  const isRight = (value: string): boolean =>
    addressFault(value, wanted, { https: production }) === undefined &&
    isOrigin(value) &&
    !value.includes('*');
  return v.pipe(
    words,
    v.check((values) => values.every(isRight), `must be ${wanted}; "*" and "null" are none`),
    v.transform((values) => values.map((value) => new URL(value).origin)),
  );
}
