import { Pages } from './pages.js';

/** Above every version: PostgreSQL's largest integer. */
export const NEWEST_VERSION = 2 ** 31 - 1;

/** Pages of a history, newest first: each begins below a version. */
export const VERSION_PAGES = new Pages<number>({
  usual: 20,
  max: 100,
  cursor: 'next_cursor of the page before',
  form: /^v(\d{1,10})$/,
  write: (version) => `v${version}`,
  read: (version) => (Number(version) > NEWEST_VERSION ? undefined : Number(version)),
});
