import { isRegExp } from 'node:util/types';
import {
  MAX_PROJECT_ID_LENGTH,
  PROJECT_ID_FORM_NAMES,
  ProjectIds,
  type ProjectIdForm,
} from '../domain/project-ids.js';

/** Texts that cannot stand in a URL as they are. */
const NO_IDS = ['', 'a b', 'a/b', 'a%2Fb', 'a?b', 'a#b', 'a:b', 'a\nb', '\u00e9'];

/** What is wrong with the option `projectIds`, and how to fix it. */
export function projectIdsFault(option: unknown): string | undefined {
  if (option === undefined || PROJECT_ID_FORM_NAMES.some((name) => name === option)) return undefined;
  const { pattern, example } = (option ?? {}) as Partial<Record<keyof ProjectIdForm, unknown>>;
  if (!isRegExp(pattern) || typeof example !== 'string') {
    return `projectIds must be ${PROJECT_ID_FORM_NAMES.join(', ')}, or { pattern, example } with a regular expression and an id that matches it`;
  }
  // Flags would change what the pattern means in the OpenAPI document, or remember a position.
  if (/[^u]/.test(pattern.flags)) {
    return 'projectIds.pattern has flags; leave them out, and write letters of both cases as [A-Za-z]';
  }
  if (ProjectIds.of({ pattern, example }).find(example) === undefined) {
    return `projectIds.example must be an id that projectIds.pattern matches, of 1 to ${MAX_PROJECT_ID_LENGTH} letters, digits and - . _ ~`;
  }
  const taken = [...NO_IDS, `/${example}`, `${example}/`].find((text) => pattern.test(text));
  return taken === undefined
    ? undefined
    : `projectIds.pattern matches ${JSON.stringify(taken)}, which is no id; write ^ before it and $ behind it, and let it match letters, digits and - . _ ~ alone`;
}
