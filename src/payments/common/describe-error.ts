import { types } from 'node:util';
import { ExplainedError } from '../domain/explained-error.js';
import { innerErrorOf } from './inner-error.js';

/** Longest chain of causes that is followed. */
const MAX_CAUSES = 5;

/** What may be logged of an error. */
export interface ErrorDescription {
  error: string;
  /** A system's or PostgreSQL's code. */
  errorCode?: string;
  /** What happened and how to fix it, in words of our own. */
  explanation?: string;
  /** The classes of its causes, from the outermost inward, each with its code. */
  causes?: { error: string; errorCode?: string; explanation?: string }[];
  /** Where it was thrown, without the message above it. */
  stack?: string[];
}

/**
 * Describes an error for the log by what can hold no input: its class, its code and its stack frames. Messages are
 * left out, because those of JSON parsers and database drivers repeat values.
 */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { error: typeof error };
  const frames = framesOf(error);
  const causes = causesOf(error);
  return {
    ...headOf(error),
    ...(causes.length > 0 && { causes }),
    ...(frames.length > 0 && { stack: frames }),
  };
}

function headOf(error: Error): { error: string; errorCode?: string; explanation?: string } {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    error: error.constructor.name,
    ...(code !== undefined && /^[A-Za-z0-9_]{1,40}$/.test(code) && { errorCode: code }),
    ...(error instanceof ExplainedError && { explanation: error.message }),
  };
}

/** Errors of Node itself may come from another realm than ours, where tests run an application in a realm of its own. */
function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}

function causesOf(error: Error): ReturnType<typeof headOf>[] {
  const causes: ReturnType<typeof headOf>[] = [];
  let inner = innerErrorOf(error);
  while (isError(inner) && causes.length < MAX_CAUSES) {
    causes.push(headOf(inner));
    inner = innerErrorOf(inner);
  }
  return causes;
}

/** The frames are the lines after the message, because a line of the message may look like one. */
function framesOf({ message, stack }: Error): string[] {
  // It may have been set to anything.
  if (typeof stack !== 'string') return [];
  const start = stack.indexOf(message);
  if (start === -1) return [];
  const lines = stack.slice(start + message.length).split('\n');
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim());
}
