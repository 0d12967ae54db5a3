import * as v from 'valibot';
import { count, wholeNumber } from './schemas.js';

it.each([
  [wholeNumber(50), '51', 'must be a number from 0 to 50'],
  [count(50), '51', 'must be a number from 1 to 50'],
  [count(50), '0', 'must be a number from 1 to 50'],
  [count(50), '-1', 'must be a number from 1 to 50'],
])('a number out of its range is refused with the range', (schema, value, message) => {
  expect(v.safeParse(schema, value).issues?.[0].message).toBe(message);
});
