import { distance } from 'fastest-levenshtein';
import type { ValidationItem } from '../../domain/errors.js';
import { holdsCredential } from '../../domain/credential-shape.js';

/** Two words or more in one of the usual spellings, or a single one: no digits, and no letters in the disorder of a key. */
const IDENTIFIER = /^[A-Za-z]?[a-z]{1,15}(?:(?:[_-][A-Za-z]|[A-Z])[a-z]{1,15}){0,5}$/;
const MAX_IDENTIFIER_LENGTH = 40;
/** How many unknown names are listed one by one. */
const MAX_NAMED = 10;

/**
 * Lists names that a request should not have. One that is clearly an identifier is named, with the name that was
 * probably meant; any other is input, perhaps a pasted key, and is only counted.
 *
 * @param known the accepted names
 */
export function unknownNames(
  place: 'body' | 'query',
  unknown: readonly string[],
  known: readonly string[],
): ValidationItem[] {
  const named = unknown.filter(isIdentifier).slice(0, MAX_NAMED);
  const others = unknown.filter((name) => !named.includes(name));
  const what = place === 'body' ? 'field' : 'parameter';
  const list = known.length > 0 ? `the ${what}s are ${known.join(', ')}` : `there are no ${what}s here`;
  return [
    ...named.map((name): ValidationItem => {
      const meant = meantBy(name, known);
      const hint = meant.length > 0 ? `write ${meant.join(' or ')}` : list;
      return { loc: [place, name], msg: `This ${what} is unknown; ${hint}.`, type: 'extra_forbidden' };
    }),
    ...(others.length > 0 ? [unnamed(place, others, known, list)] : []),
  ];
}

function unnamed(
  place: 'body' | 'query',
  unknown: readonly string[],
  known: readonly string[],
  list: string,
): ValidationItem {
  const meant = known.filter((name) => unknown.some((each) => plain(each) === plain(name)));
  const hint = meant.length > 0 ? ` Write ${meant.join(', ')}, in lower case with underscores.` : '';
  const what = place === 'body' ? 'The body has' : 'The query has';
  const unit = place === 'body' ? 'field(s)' : 'parameter(s)';
  return {
    loc: [place],
    msg: `${what} ${unknown.length} unknown ${unit}; ${list}.${hint}`,
    type: 'extra_forbidden',
  };
}

function isIdentifier(name: string): boolean {
  return name.length <= MAX_IDENTIFIER_LENGTH && IDENTIFIER.test(name) && !holdsCredential(name);
}

/** The same name in another spelling, else those that hold it, else those that differ in two letters at most. */
function meantBy(name: string, known: readonly string[]): string[] {
  const text = plain(name);
  const by = (isMeant: (each: string) => boolean) => known.filter((each) => isMeant(plain(each)));
  return (
    [
      by((each) => each === text),
      by((each) => text.length >= 6 && each.includes(text)),
      by((each) => distance(each, text) <= 2),
    ].find((found) => found.length > 0) ?? []
  );
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, '');
}
