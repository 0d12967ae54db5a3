import { QueryFailedError } from 'typeorm';
import { fakeCredential } from '../../../test/support/credentials.js';
import { KeyRingError } from '../crypto/key-ring.js';
import { KeyServiceFault } from '../crypto/key-services/key-service-error.js';
import { UnsealError } from '../crypto/sealer.js';
import { NotReplicated } from '../database/faults.js';
import { TransactionNotWhole } from '../database/transaction.js';
import { SchemaFault } from '../schema/schema-findings.js';
import { UnusableAnswer } from '../stripe/bounded-fetch.js';
import { StripeRefusal } from '../stripe/stripe-api.js';
import { ExplainedError } from '../domain/explained-error.js';
import { describeError } from './describe-error.js';

const SECRET = fakeCredential('live_secret_key');

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}

function queryFailure(): QueryFailedError {
  const driverError = Object.assign(new Error(`duplicate key ${SECRET}`), {
    code: '23505',
    detail: `Key (value)=(${SECRET}) already exists.`,
  });
  return Object.assign(new QueryFailedError(`INSERT INTO t VALUES ('${SECRET}')`, [SECRET], driverError), {
    code: driverError.code,
  });
}

function withStack(stack: string): Error {
  return Object.assign(new Error('worse'), { stack });
}

it.each<[string, Error, string]>([
  ['of a JSON parser', thrownBy(() => JSON.parse(`{"a": ${SECRET}`)), 'SyntaxError'],
  ['of TypeORM with its parameters', queryFailure(), 'QueryFailedError'],
  ['with a message', new TypeError(`bad value ${SECRET}`), 'TypeError'],
  [
    'with a message of several lines',
    new RangeError(`bad\n    at ${SECRET} (x.js:1:1)\n${SECRET}`),
    'RangeError',
  ],
  [
    'of a JSON parser that repeats lines',
    thrownBy(() => JSON.parse(`{"a":\n at ${SECRET.slice(8)}`)),
    'SyntaxError',
  ],
  [
    'whose message was changed',
    withStack(`Error: bad\n    at ${SECRET} (x.js:1:1)\n    at f (x.js:1:1)`),
    'Error',
  ],
  ['with a cause', new Error('outer', { cause: new Error(SECRET) }), 'Error'],
  ['with members', Object.assign(new Error('bad'), { value: SECRET, code: `bad ${SECRET}` }), 'Error'],
  ['of several errors', new AggregateError([new Error(SECRET)], SECRET), 'AggregateError'],
])('names the class of an error %s and repeats nothing of its message', (_name, error, name) => {
  const description = describeError(error);
  expect(description.error).toBe(name);
  expect(JSON.stringify(description)).not.toContain(SECRET.slice(8, 14));
});

it.each([
  new KeyRingError('what is wrong'),
  new KeyServiceFault('denied'),
  new NotReplicated('what is wrong'),
  new SchemaFault('what is wrong'),
  new StripeRefusal('permission'),
  new TransactionNotWhole('what is wrong'),
  new UnsealError(),
  new UnusableAnswer('too large'),
])('repeats the message of $name, which is a text of our own', (error) => {
  expect(describeError(error)).toMatchObject({ error: error.name, explanation: error.message });
  expect(describeError(new Error('outer', { cause: error })).causes).toEqual([
    { error: error.name, explanation: error.message },
  ]);
});

it.each([
  ['PostgreSQL', queryFailure(), '23505'],
  ['the system', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
])('keeps the code of %s', (_name, error, code) => {
  expect(describeError(error).errorCode).toBe(code);
});

it('says what was said in words of our own, and the codes of the causes', () => {
  const refused = Object.assign(new Error(SECRET), { code: 'ECONNREFUSED' });
  const failed = new TypeError(SECRET, { cause: new AggregateError([refused], SECRET) });
  expect(describeError(new ExplainedError('check the issuer', { cause: failed }))).toMatchObject({
    error: 'ExplainedError',
    explanation: 'check the issuer',
    causes: [
      { error: 'TypeError' },
      { error: 'AggregateError' },
      { error: 'Error', errorCode: 'ECONNREFUSED' },
    ],
  });
});

it('ends where causes go round', () => {
  const error = new Error('x');
  error.cause = error;
  expect(describeError(error).causes).toHaveLength(5);
});

it.each([[''], ['two words'], ['x'.repeat(41)], ['a-b'], [42], [null]])('leaves out the code %j', (code) => {
  expect(describeError(Object.assign(new Error('x'), { code }))).not.toHaveProperty('errorCode');
});

it('says where the error was thrown', () => {
  function thrower(): never {
    throw new Error('first line\nsecond line');
  }
  const { stack = [] } = describeError(thrownBy(thrower));
  expect(stack[0]).toMatch(/^at thrower .*describe-error\.spec\.ts:\d+:\d+\)$/);
  expect(stack.length).toBeGreaterThan(1);
});

it.each([[null], [42], [{}]])('leaves a stack out that is %p', (stack) => {
  expect(describeError(Object.assign(new Error('x'), { stack }))).toEqual({ error: 'Error' });
});

it('leaves the stack out when there is none', () => {
  const error = new Error('x');
  delete error.stack;
  expect(describeError(error)).toEqual({ error: 'Error' });
});

it.each([
  ['a text', SECRET, 'string'],
  ['an object', { secret: SECRET }, 'object'],
  ['null', null, 'object'],
  ['undefined', undefined, 'undefined'],
])('says only the type when %s was thrown', (_name, thrown, type) => {
  expect(describeError(thrown)).toEqual({ error: type });
});
