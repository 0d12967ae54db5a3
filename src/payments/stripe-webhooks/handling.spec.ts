import { boundedType } from './handling.js';

const handlers = [{ patterns: ['*'] as const }, { patterns: ['invoice.*', 'invoice.paid'] as const }].map(
  ({ patterns }) => ({ patterns: [...patterns] }),
);

describe('the type of an event in a metric', () => {
  it.each([
    ['invoice.paid', 'invoice.paid'],
    ['invoice.made_up_by_somebody', '*'],
    ['made.up', '*'],
  ])('%s is %s, as a handler names it', (type, bounded) => {
    expect(boundedType(type, handlers)).toBe(bounded);
  });

  it('is "other" where no handler takes it', () => {
    expect(boundedType('made.up', [])).toBe('other');
  });
});
