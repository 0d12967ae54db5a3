import type { Logger } from '@nestjs/common';
import { KeyRingError } from '../crypto/key-ring.js';
import { RepeatedFault } from './repeated-fault.js';

it('logs a fault once, again when it is another, and once when it works again', () => {
  const lines: unknown[] = [];
  const note = (line: unknown) => void lines.push(line);
  const fault = new RepeatedFault({ warn: note, log: note } as unknown as Logger, 'no ring', 'a ring again');
  for (const message of ['one', 'one', 'another', 'another']) fault.failed(new KeyRingError(message));
  for (const code of ['ECONNREFUSED', 'ETIMEDOUT', 'ETIMEDOUT']) {
    fault.failed(new Error('outer', { cause: Object.assign(new Error('inner'), { code }) }));
  }
  fault.worked();
  fault.worked();
  expect(lines).toMatchObject([
    { event: 'no ring', explanation: 'one' },
    { event: 'no ring', explanation: 'another' },
    { event: 'no ring', errorCode: 'ECONNREFUSED' },
    { event: 'no ring', errorCode: 'ETIMEDOUT' },
    { event: 'a ring again' },
  ]);
});
