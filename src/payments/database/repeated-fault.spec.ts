import { EventLogger, type EventSink } from '../common/event-logger.js';
import { KeyRingError } from '../crypto/key-ring.js';
import { RepeatedFault } from './repeated-fault.js';

it('logs a fault once, again when it is another, and once when it works again', () => {
  const lines: unknown[] = [];
  const note = (line: unknown) => void lines.push(line);
  const entry = { when: '', action: '' };
  const logger = new EventLogger({ warn: note, log: note } as unknown as EventSink, {
    'ring.missing': { level: 'warn', ...entry },
    'ring.found': { level: 'info', ...entry },
  });
  const fault = new RepeatedFault(logger, 'ring.missing', 'ring.found');
  for (const message of ['one', 'one', 'another', 'another']) fault.failed(new KeyRingError(message));
  for (const code of ['ECONNREFUSED', 'ETIMEDOUT', 'ETIMEDOUT']) {
    fault.failed(new Error('outer', { cause: Object.assign(new Error('inner'), { code }) }));
  }
  fault.worked();
  fault.worked();
  expect(lines).toMatchObject([
    { event: 'ring.missing', explanation: 'one' },
    { event: 'ring.missing', explanation: 'another' },
    { event: 'ring.missing', errorCode: 'ECONNREFUSED' },
    { event: 'ring.missing', errorCode: 'ETIMEDOUT' },
    { event: 'ring.found' },
  ]);
});
