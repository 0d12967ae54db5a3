// Loaded before the service, this makes the pages of projects as large as all projects of an owner. The control of
// test/rigs/one-owner.js.
import { register } from 'node:module';

const hooks = `
  export async function load(url, context, nextLoad) {
    const loaded = await nextLoad(url, context);
    if (!url.endsWith('/project-list/project-pages.js')) return loaded;
    const source = String(loaded.source).replace(/usual: 250,\\s*max: 250/, 'usual: 1_000_000, max: 1_000_000');
    if (source === String(loaded.source)) throw new Error('the limit of a page was not found');
    return { ...loaded, source };
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
