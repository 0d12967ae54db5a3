import { record, secondsSince } from '../telemetry/meter.js';
import type { AttributesOf } from '../telemetry/instruments.js';
import { databaseFaultOf } from './database-fault.js';

type OperationAttributes = AttributesOf<'db.client.operation.duration'>;

/** By the name of the statement, so that nothing is made anew each time. */
const attributes = new Map<string, OperationAttributes>();

function attributesOf(name: string): OperationAttributes {
  const known = attributes.get(name);
  if (known !== undefined) return known;
  const made = { 'db.system.name': 'postgresql', 'db.operation.name': name };
  attributes.set(name, made);
  return made;
}

/**
 * Records how long a statement took.
 *
 * @param startedAt by `performance.now()`
 * @param fault with what it failed, in one word, and the error
 */
export function recordOperation(
  { name }: { readonly name: string },
  startedAt: number,
  failure?: { fault: string; error: unknown },
): void {
  const seconds = secondsSince(startedAt);
  const of = attributesOf(name);
  if (failure === undefined) record('db.client.operation.duration', seconds, of);
  else record('db.client.operation.duration', seconds, { ...of, 'error.type': typeOf(failure) });
}

/** An SQLSTATE, one of our words for what a driver says, or what kind of fault it is. */
function typeOf({ fault, error }: { fault: string; error: unknown }): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
  return databaseFaultOf(error)?.errorCode ?? fault.replaceAll(' ', '_');
}
