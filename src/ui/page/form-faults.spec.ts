import { ApiError } from '../api/api-error.js';
import { formFaultOf, inProject, isPerhapsMade, perhapsMade } from './form-faults.js';

const refused = (...fields: string[]) =>
  new ApiError(
    422,
    'validation_failed',
    'x',
    fields.map((field) => ({ loc: ['body', field], msg: `No ${field}.`, type: 'out_of_range' })),
  );

it('says at the fields what was refused of them, and below what no field can say', () => {
  const { byField, said } = formFaultOf(refused('name', 'project_ids'), ['name']);
  expect([...byField]).toEqual([['name', 'No name.']]);
  expect(said).toMatchObject({ code: 'form_refused', message: 'No project_ids.' });
  expect(formFaultOf(refused('name'), ['name']).said.code).toBe('validation_failed');
});

it.each([
  ['project_not_found', 404, 'x', 'Bags: There is no such project, or it was deactivated.'],
  ['insufficient_role', 403, 'This needs more.', 'Bags: This needs more.'],
])('names the project of %s', (code, status, message, said) => {
  const error = new ApiError(status, code, `In project_ids[1]: ${message}`);
  expect(inProject(error, ['Shoes', 'Bags'])).toMatchObject({ message: said });
});

it('leaves what is about no project, or about one that nobody knows', () => {
  const errors = [
    new ApiError(409, 'x', 'Full.'),
    new ApiError(409, 'x', 'In project_ids[7]: Full.'),
    new Error('x'),
  ];
  for (const error of errors) expect(inProject(error, ['Shoes', 'Bags'])).toBe(error);
});

it.each([
  [new ApiError(503, 'write_outcome_unknown', 'x'), true],
  [new ApiError(0, 'unreachable', 'x'), true],
  [new ApiError(504, 'unknown', 'x'), true],
  [new ApiError(503, 'dependency_unavailable', 'x'), false],
  [refused('name'), false],
])('knows after which errors something may have been made all the same', (error, isPerhaps) => {
  expect(isPerhapsMade(error)).toBe(isPerhaps);
});

it('never advises to do again what would be made a second time', () => {
  expect(perhapsMade(new ApiError(503, 'write_outcome_unknown', 'x')).message).toBe(
    'It is not known whether this was done. It may have been made all the same: look in the list first.',
  );
});
