import { ApiError, bodyOf, errorOf, isUnanswered } from './api-error.js';

it.each([
  [503, 'write_outcome_unknown', true],
  [0, 'unreachable', true],
  [504, 'unknown', true],
  [500, 'internal_error', true],
  [502, 'GATEWAY_TIMEOUT', true],
  [200, 'answer_unreadable', true],
  [503, 'dependency_unavailable', false],
  [412, 'version_conflict', false],
  [429, 'unknown', false],
])('whether after %s %s it is not known what became of a change: %s', (status, code, expected) => {
  expect(isUnanswered(new ApiError(status, code, ''))).toBe(expected);
});

it.each(['{"code":504,"message":"upstream request timeout"}', 'null', '"gone"', '[]', '<h1>Gone</h1>'])(
  'takes for no code of the service what a gateway answers: %s',
  async (body) => {
    const error = await errorOf(new Response(body, { status: 504 }));
    expect(error).toMatchObject({ status: 504, code: 'unknown' });
    expect(isUnanswered(error)).toBe(true);
  },
);

it.each(['', '{"version":', '<h1>Sign in</h1>'])('knows an answer that cannot be read: %s', async (body) => {
  const error: unknown = await bodyOf(new Response(body)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ status: 200, code: 'answer_unreadable' });
});
