import { prepareText, statement, text, uuid, withoutLocks } from './statement.js';

const FIND = statement({
  name: 'find',
  parameters: { project_id: uuid, mode: text },
  columns: {},
  text: 'SELECT FROM {schema}.configs JOIN {schema}.events USING (id) WHERE id = :project_id AND mode = :mode::text AND id <> :project_id',
});

it('numbers each parameter once, and no cast', () => {
  expect(prepareText(FIND, undefined)).toEqual({
    sql: 'SELECT FROM configs JOIN events USING (id) WHERE id = $1 AND mode = $2::text AND id <> $1',
    order: ['project_id', 'mode'],
  });
});

it.each([
  ['payments', '"payments"'],
  ['a "b"', '"a ""b"""'],
  ['tenant:project_id', '"tenant:project_id"'],
  ['$& and $1', '"$& and $1"'],
])('puts every table into the schema %s', (schema, quoted) => {
  expect(prepareText(FIND, schema)).toEqual({
    sql: `SELECT FROM ${quoted}.configs JOIN ${quoted}.events USING (id) WHERE id = $1 AND mode = $2::text AND id <> $1`,
    order: ['project_id', 'mode'],
  });
});

it('has another text for tables that are spread over machines, where it says one', () => {
  const both = statement({ ...FIND, spreadText: 'SELECT FROM {schema}.configs WHERE mode = :mode' });
  expect(prepareText(both, undefined, true)).toEqual({
    sql: 'SELECT FROM configs WHERE mode = $1',
    order: ['mode'],
  });
  expect(prepareText(both, undefined)).toEqual(prepareText(FIND, undefined));
  expect(prepareText(FIND, undefined, true)).toEqual(prepareText(FIND, undefined));
});

it('leaves the locks of rows out', () => {
  expect(
    withoutLocks('WITH a AS (SELECT 1 LIMIT 5 FOR NO KEY UPDATE SKIP LOCKED) SELECT FROM a FOR UPDATE'),
  ).toBe('WITH a AS (SELECT 1 LIMIT 5) SELECT FROM a');
});
