import { addressOf, projectOf } from './route.js';

it.each(['3c90c3cc-0d44-4b50-8888-8dd25736052a', '../a b/?#%'])(
  'finds the project %s in its address',
  (id) => {
    expect(projectOf(addressOf(id))).toBe(id);
  },
);

it.each(['', '#', '#/', '#/projects', '#/projects/', '#/projects/a/b', '#/projects/%', '#code=1'])(
  'takes %p for the list',
  (hash) => {
    expect(projectOf(hash)).toBeUndefined();
  },
);
