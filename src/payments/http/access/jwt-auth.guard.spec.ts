import type { ExecutionContext } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { CALLER, type HttpRequest } from '../http-request.js';
import type { HostAccessOptions } from '../../options/payments.options.js';
import { AccessGuard } from './jwt-auth.guard.js';

/** The caller that is found of what a guard leaves, by what the options name. */
async function callerOf(request: object, subject?: HostAccessOptions['subject']): Promise<unknown> {
  const guard = new AccessGuard({ auth: { guard: { canActivate: () => true }, subject } }, {} as ModuleRef);
  await guard.onModuleInit();
  await guard.canActivate({
    switchToHttp: () => ({ getRequest: () => request }),
  } as unknown as ExecutionContext);
  return (request as HttpRequest)[CALLER];
}

const ask = (id: unknown) => callerOf({}, () => id as string);

it.each<[unknown, string]>([
  ['alice', 'alice'],
  [1, '1'],
  [0, '0'],
  [9_007_199_254_740_993n, '9007199254740993'],
])('takes the subject %p as the host gives it', async (id, subject) => {
  expect(await ask(id)).toEqual({ subject });
  expect(await callerOf({ user: { id } })).toEqual({ subject });
  expect(await callerOf({ user: { sub: id, id: 'other' } })).toEqual({ subject });
});

it.each<[string, unknown, string]>([
  ['no number', NaN, 'a number that is no safe integer'],
  ['a number that may have been rounded', 2 ** 53, 'a number that is no safe integer'],
  ['an empty text', '', 'an empty text'],
  ['half a surrogate pair', 'a\ud800', 'a text that is longer, or has such characters'],
  ['a NUL', 'a\0', 'a text that is longer, or has such characters'],
  ['256 characters', 'x'.repeat(256), 'a text that is longer, or has such characters'],
  ['a boolean', false, 'a boolean'],
  ['an object', { id: 'alice' }, 'an object'],
  ['what is not awaited', Promise.resolve('alice'), 'a promise'],
])('takes %s for a fault of the host, and says what it got without repeating it', async (_, id, words) => {
  const form = 'it must give an id: a text of 1 to 255 characters';
  await expect(ask(id)).rejects.toMatchObject({
    name: 'HostFault',
    message: expect.stringMatching(`^auth\\.subject gave ${words} for the caller; ${form}`) as unknown,
  });
  await expect(callerOf({ user: { id } })).rejects.toMatchObject({
    name: 'HostFault',
    message: expect.stringMatching(
      `^request\\.user, from which auth\\.subject takes .* gave ${words} for the caller; ${form}`,
    ) as unknown,
  });
});

it.each([undefined, null])(
  'refuses a caller without a subject, which is no fault of the host: %s',
  async (none) => {
    await expect(ask(none)).rejects.toMatchObject({ code: 'not_authenticated' });
    await expect(callerOf({ user: { id: none } })).rejects.toMatchObject({ code: 'not_authenticated' });
    await expect(callerOf({ user: none })).rejects.toMatchObject({ code: 'not_authenticated' });
    await expect(callerOf({})).rejects.toMatchObject({ code: 'not_authenticated' });
  },
);
