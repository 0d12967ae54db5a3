import { ApiError } from '../api/api-error.js';
import { ENGLISH } from '../texts/texts.js';
import { changed } from './changed.js';

const lost = new ApiError(0, 'unreachable', '');
const refused = new ApiError(409, 'stripe_refused', 'Stripe refused it.');
const read: (number | undefined)[] = [];
const change = (work: () => Promise<number>, reading: () => Promise<unknown> = () => Promise.resolve()) =>
  changed(
    {
      change: work,
      read: (result) => {
        read.push(result);
        return reading();
      },
      done: (count) => `Done: ${count}.`,
    },
    ENGLISH,
  );
beforeEach(() => read.splice(0));

it('says what was done, also where it cannot be read afterwards', async () => {
  expect(await change(() => Promise.resolve(3))).toBe('Done: 3.');
  expect(
    await change(
      () => Promise.resolve(3),
      () => Promise.reject(lost),
    ),
  ).toBe(`Done: 3. ${ENGLISH.notReadAnew} ${ENGLISH.fault_unreachable}`);
});

it('reads again where no answer came, and says that it may have been done', async () => {
  const fault = { message: `${ENGLISH.fault_unreachable} ${ENGLISH.perhapsDone}` };
  await expect(change(() => Promise.reject(lost))).rejects.toMatchObject(fault);
  expect(read).toEqual([undefined]);
  await expect(
    change(
      () => Promise.reject(lost),
      () => Promise.reject(refused),
    ),
  ).rejects.toMatchObject(fault);
});

it('leaves a refusal as it is', async () => {
  await expect(change(() => Promise.reject(refused))).rejects.toBe(refused);
  expect(read).toEqual([]);
});
