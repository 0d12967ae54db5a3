import { Logger, type ExecutionContext } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import type { HostAccessOptions } from '../../options/payments.options.js';
import { AccessGuard } from './jwt-auth.guard.js';

const warnings: unknown[] = [];

beforeEach(() => {
  warnings.length = 0;
  Logger.overrideLogger({
    log: () => undefined,
    error: () => undefined,
    warn: (message: unknown) => warnings.push(message),
  });
});

async function ask(subject: unknown): Promise<boolean> {
  const auth: HostAccessOptions = { guard: { canActivate: () => true }, subject: () => subject as string };
  const guard = new AccessGuard({ auth }, {} as ModuleRef);
  await guard.onModuleInit();
  const request = {};
  return guard.canActivate({
    switchToHttp: () => ({ getRequest: () => request }),
  } as unknown as ExecutionContext);
}

it('takes a subject as the host gives it', async () => {
  expect(await ask('alice')).toBe(true);
  expect(warnings).toEqual([]);
});

it.each([
  ['a number', 7],
  ['an empty text', ''],
  ['half a surrogate pair', 'a\ud800'],
  ['a NUL', 'a\0'],
  ['256 characters', 'x'.repeat(256)],
])('refuses %s as a subject, and warns the host without repeating it', async (_, subject) => {
  await expect(ask(subject)).rejects.toMatchObject({ code: 'not_authenticated' });
  expect(warnings).toEqual([
    { event: 'caller.subject_invalid', explanation: expect.stringContaining('auth.subject') as unknown },
  ]);
});

it.each([undefined, null])(
  'refuses a caller without a subject, which is no fault of the host: %s',
  async (none) => {
    await expect(ask(none)).rejects.toMatchObject({ code: 'not_authenticated' });
    expect(warnings).toEqual([]);
  },
);
