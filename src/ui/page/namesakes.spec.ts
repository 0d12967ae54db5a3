import { namesakeNote } from './namesakes.js';

const project = (id: string, name: string, description: string | null = null) => ({ id, name, description });

const ALL = [
  project('11111111-a', 'Hats', 'For winter'),
  project('22222222-b', 'Hats'),
  project('33333333-c', 'Hats', 'For summer'),
  project('44444444-d', 'Hats', 'For summer'),
  project('55555555-e', 'Scarves', 'For winter'),
];

it('tells projects of the same name apart by description or id, and adds nothing to others', () => {
  expect(ALL.map((each) => namesakeNote(each, ALL))).toEqual([
    ['For winter'],
    ['22222222'],
    ['33333333'],
    ['44444444'],
    [],
  ]);
});
