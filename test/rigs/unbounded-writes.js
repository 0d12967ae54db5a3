// Loaded before the service, this lets any number of writes wait for a connection. The control of test/rigs/overload.js.
import { register } from 'node:module';

const hooks = `
  export async function load(url, context, nextLoad) {
    const loaded = await nextLoad(url, context);
    if (!url.endsWith('/database/write-turns.js')) return loaded;
    const source = String(loaded.source).replace('WAITING_FOR_EACH = 16', 'WAITING_FOR_EACH = Infinity');
    if (source === String(loaded.source)) throw new Error('the limit of waiting writes was not found');
    return { ...loaded, source };
  }`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
