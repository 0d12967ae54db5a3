// Writes what the builders of events in the testing kit begin with, src/testing/stripe-objects.ts or the file that is named, from
// the types of Stripe's SDK. Run by `npm run stripe:objects` when the SDK is another one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');
const TARGET = join(ROOT, 'src/testing/stripe-objects.ts');

/** Of the words that a field may hold: what is most usual. Otherwise the first of the alphabet. */
const USUAL = ['active', 'succeeded', 'posted', 'open', 'paid', 'pending', 'payment', 'card', 'automatic'];

/** What some fields hold whatever their type. */
const BY_NAME = { currency: 'usd', metadata: {} };

const program = ts.createProgram([join(ROOT, 'src/payments/stripe/stripe-event-types.ts')], {
  module: ts.ModuleKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  strict: true,
  skipLibCheck: true,
  types: [],
});
const checker = program.getTypeChecker();
const declarations = program.getSourceFile(program.getRootFileNames()[0]).statements;

/** The members of a union of types that the file declares. */
function membersOf(name) {
  const declaration = declarations.find((each) => each.name?.text === name);
  return checker.getTypeAtLocation(declaration).types;
}

function typeOf(type, property) {
  const symbol = type.getProperty(property);
  return symbol && checker.getTypeOfSymbol(symbol);
}

const has = (type, flag) => (type.flags & flag) !== 0;

/** What a field holds while nothing is known of it: null or nothing where it may, and the smallest value of its type. */
function valueOf(type, outer) {
  if (type.isUnion()) return valueOfUnion(type, outer);
  if (type.isStringLiteral() || type.isNumberLiteral()) return type.value;
  if (has(type, ts.TypeFlags.String)) return '';
  if (has(type, ts.TypeFlags.Number)) return 0;
  // The SDK makes an object with methods of a decimal; Stripe sends a text.
  if (type.getProperty('toFixed') !== undefined) return '0';
  if (checker.isArrayType(type)) return [];
  return objectOf(type, outer);
}

function valueOfUnion({ types }, outer) {
  if (types.some((each) => has(each, ts.TypeFlags.Null))) return null;
  if (types.some((each) => has(each, ts.TypeFlags.BooleanLiteral))) return false;
  const words = types.flatMap((each) => (each.isStringLiteral() ? each.value : [])).sort();
  if (words.length > 0) return USUAL.find((word) => words.includes(word)) ?? words[0];
  return valueOf(types.find((each) => has(each, ts.TypeFlags.String)) ?? types[0], outer);
}

function objectOf(type, outer = []) {
  if (outer.includes(type)) return undefined;
  const fields = type.getProperties().flatMap((field) => {
    if (has(field, ts.SymbolFlags.Optional)) return [];
    const value = BY_NAME[field.name] ?? valueOf(checker.getTypeOfSymbol(field), [...outer, type]);
    return [[field.name, value]];
  });
  return Object.fromEntries(fields);
}

const objects = new Map();
const eventTypes = new Map();
for (const event of membersOf('StripeEvent')) {
  const object = typeOf(typeOf(event, 'data'), 'object');
  const kinds = (object.isUnion() ? object.types : [object]).map((each) => {
    const name = typeOf(each, 'object').value;
    objects.set(name, objectOf(each));
    return name;
  });
  eventTypes.set(kinds[0], [...(eventTypes.get(kinds[0]) ?? []), typeOf(event, 'type').value]);
}

const thin = { object: [], singleton: [], none: [] };
for (const event of membersOf('EventNotification')) {
  const related = typeOf(event, 'related_object');
  const kind = related === undefined ? 'none' : related.getProperty('id') ? 'object' : 'singleton';
  thin[kind].push(typeOf(event, 'type').value);
}

const linesOf = (entries) =>
  [...entries]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`)
    .join('');

writeFileSync(
  process.argv[2] ?? TARGET,
  `// Written by npm run stripe:objects, from the types of Stripe's SDK.

/** Each kind of object that an event is about, with every field that Stripe always sends. */
export const OBJECTS: Readonly<Record<string, object>> = {
${linesOf(objects)}};

/** The types of events by the kind of object that they are about. */
export const EVENT_TYPES: Readonly<Record<string, readonly string[]>> = {
${linesOf(eventTypes)}};

/** The types of thin events by what they refer to: an object with an id, one that has none, or nothing. */
export const THIN_EVENT_TYPES: Readonly<Record<'object' | 'singleton' | 'none', readonly string[]>> = {
${linesOf(Object.entries(thin))}};
`,
);
