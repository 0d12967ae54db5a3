import { judgeError } from './faults.js';

function errorOf(code: string, severity = 'ERROR'): Error {
  return Object.assign(new Error('as the driver gives it'), { code, severity });
}

describe('judgeError', () => {
  it.each(['25P03', '25P04', '57P01', '57P02', '57P03', '57P05', '08006', '08P01', '40003', 'ECONNRESET'])(
    'takes %s for a lost connection, for reads and writes',
    (code) => {
      expect(judgeError(errorOf(code), 'read')).toBe('connection');
      expect(judgeError(errorOf(code), 'write')).toBe('connection');
    },
  );

  it('takes whatever ends the session for a lost connection', () => {
    expect(judgeError(errorOf('XX000', 'FATAL'), 'write')).toBe('connection');
    expect(judgeError(errorOf('XX000', 'PANIC'), 'write')).toBe('connection');
    expect(judgeError(new Error('Query read timeout'), 'write')).toBe('connection');
  });

  it.each(['23505', '22021', 'XX000'])('leaves %s to whoever sent the statement', (code) => {
    expect(judgeError(errorOf(code), 'write')).toBe('statement');
  });

  it('tells a transaction that somebody left open from a conflict', () => {
    expect(judgeError(errorOf('25P02'), 'write')).toBe('left open');
    expect(judgeError(errorOf('40001'), 'write')).toBe('conflict');
  });
});
