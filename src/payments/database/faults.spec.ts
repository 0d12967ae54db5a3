import { classifyError } from './faults.js';

function errorOf(code: string, severity = 'ERROR'): Error {
  return Object.assign(new Error('as the driver gives it'), { code, severity });
}

describe('classifyError', () => {
  it.each(['25P03', '25P04', '57P01', '57P02', '57P03', '57P05', '08006', '08P01', '40003', 'ECONNRESET'])(
    'takes %s for a lost connection, for reads and writes',
    (code) => {
      expect(classifyError(errorOf(code), 'read')).toBe('connection');
      expect(classifyError(errorOf(code), 'write')).toBe('connection');
    },
  );

  it('takes whatever ends the session for a lost connection', () => {
    expect(classifyError(errorOf('XX000', 'FATAL'), 'write')).toBe('connection');
    expect(classifyError(errorOf('XX000', 'PANIC'), 'write')).toBe('connection');
    expect(classifyError(new Error('Query read timeout'), 'write')).toBe('connection');
  });

  it.each(['23505', '22021', 'XX000'])('leaves %s to whoever sent the statement', (code) => {
    expect(classifyError(errorOf(code), 'write')).toBe('statement');
  });

  it('distinguishes a transaction that somebody left open from a conflict', () => {
    expect(classifyError(errorOf('25P02'), 'write')).toBe('left open');
    expect(classifyError(errorOf('40001'), 'write')).toBe('conflict');
  });
});
