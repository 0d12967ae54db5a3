import fc from 'fast-check';
import { ValidationFailed } from './errors.js';
import { ProjectIds, UUIDS, type ProjectIdForm, type ProjectIdFormName } from './project-ids.js';

const UUID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const ULID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const ANY = { pattern: /^.*$/s, example: 'a' };

it.each<[ProjectIdFormName | ProjectIdForm, unknown, string]>([
  ['uuid', UUID, UUID],
  ['uuid', UUID.toUpperCase(), UUID],
  ['integer', '0', '0'],
  ['integer', '42', '42'],
  ['integer', 42, '42'],
  ['integer', 42n, '42'],
  ['integer', 2_147_483_647, '2147483647'],
  ['bigint', 2_147_483_648, '2147483648'],
  ['bigint', 9_223_372_036_854_775_807n, '9223372036854775807'],
  ['ulid', ULID, ULID],
  ['ulid', ULID.toLowerCase(), ULID],
  ['cuid', 'cjld2cjxh0000qzrmn831i7rn', 'cjld2cjxh0000qzrmn831i7rn'],
  ['cuid2', 'tz4a98xxat96iws9zmbrgj3a', 'tz4a98xxat96iws9zmbrgj3a'],
  ['cuid2', 'a1', 'a1'],
  ['nanoid', 'V1StGXR8_Z5jdHi6B-myT', 'V1StGXR8_Z5jdHi6B-myT'],
  [{ pattern: /^prj_\w+$/, example: 'prj_a' }, 'prj_A', 'prj_A'],
  [{ pattern: /^\d+$/, example: '42' }, '042', '042'],
  [{ pattern: /^\d+$/, example: '42' }, 7, '7'],
  [ANY, 'a.b~c-d_E9', 'a.b~c-d_E9'],
  [ANY, '...', '...'],
  [ANY, 'a'.repeat(64), 'a'.repeat(64)],
])('%p takes %p and writes it one way', (form, id, canonical) => {
  const ids = ProjectIds.of(form);
  expect(ids.read(id)).toBe(canonical);
  expect(ids.read(canonical)).toBe(canonical);
});

it.each<[ProjectIdFormName | ProjectIdForm, unknown]>([
  ['uuid', UUID.replaceAll('-', '')],
  ['uuid', `${UUID} `],
  ['uuid', `{${UUID}}`],
  ['uuid', [UUID]],
  ['uuid', undefined],
  ['uuid', null],
  ['uuid', 42],
  ['nanoid', 'sk_test_of_something0'],
  [ANY, 'whsec_of_something'],
  [ANY, 'rk_live_of_something'],
  ['integer', '042'],
  ['integer', '00'],
  ['integer', ''],
  ['integer', '-1'],
  ['integer', -1],
  ['integer', '+1'],
  ['integer', '1e3'],
  ['integer', '1.5'],
  ['integer', 1.5],
  ['integer', NaN],
  ['integer', ' 1'],
  ['integer', '1\n'],
  ['integer', '\u0664\u0662'],
  ['integer', '2147483648'],
  ['integer', '99999999999'],
  ['integer', UUID],
  ['integer', true],
  ['integer', { toString: () => '42' }],
  ['bigint', '9223372036854775808'],
  ['bigint', 2 ** 53],
  ['bigint', '10000000000000000000'],
  ['ulid', ULID.slice(1)],
  ['ulid', `8${ULID.slice(1)}`],
  ['ulid', `${ULID.slice(0, -1)}U`],
  ['cuid', 'tz4a98xxat96iws9zmbrgj3a'],
  ['cuid', 'Cjld2cjxh0000qzrmn831i7rn'],
  ['cuid2', '1z4a98xxat96iws9zmbrgj3a'],
  ['cuid2', 'a'.repeat(33)],
  ['nanoid', 'V1StGXR8_Z5jdHi6B-myT0'],
  [{ pattern: /^a|b$/, example: 'a' }, 'ax'],
  [ANY, ''],
  [ANY, '.'],
  [ANY, '..'],
  [ANY, 'a/b'],
  [ANY, 'a%2Fb'],
  [ANY, 'a b'],
  [ANY, 'a\n'],
  [ANY, 'a\0'],
  [ANY, 'a?b'],
  [ANY, 'a:b'],
  [ANY, '\u00e9'],
  [ANY, 'a'.repeat(65)],
])('%p refuses %p', (form, id) => {
  const ids = ProjectIds.of(form);
  expect(ids.find(id)).toBeUndefined();
  expect(() => ids.read(id)).toThrow(ValidationFailed);
});

it('an id of any form is its own path segment', () => {
  const ids = ProjectIds.of(ANY);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 70 }), (text) => {
      const id = ids.find(text);
      if (id === undefined) return;
      const { pathname } = new URL(`https://a.example/x/${id}/y`);
      expect(pathname).toBe(`/x/${text}/y`);
    }),
  );
});

it.each<[ProjectIdFormName | ProjectIdForm, string, string]>([
  ['uuid', 'invalid_uuid', 'This must be a UUID, such as 3c90c3cc-0d44-4b50-8888-8dd25736052a.'],
  ['integer', 'invalid_id', 'This must be a number from 0 to 2147483647 without leading zeros, such as 42.'],
  ['ulid', 'invalid_id', `This must be a ULID, such as ${ULID}.`],
  [
    { pattern: /^prj_\w+$/, example: 'prj_8f3a' },
    'invalid_id',
    'This must be an id that matches ^prj_\\w+$, such as prj_8f3a.',
  ],
])('%p says what an id must be', (form, type, msg) => {
  expect(ProjectIds.of(form).refusal).toEqual({ loc: ['path', 'project_id'], type, msg });
});

it('is for UUIDs unless another form is named', () => {
  expect(ProjectIds.of()).toBe(UUIDS);
  expect(ProjectIds.of('uuid')).toBe(UUIDS);
});
