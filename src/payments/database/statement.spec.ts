import { prepareText, statement, text, uuid } from './statement.js';

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
