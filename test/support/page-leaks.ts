import type { CDPSession, Page } from 'playwright-core';
import type { Canaries } from './canaries.js';

/** Where a secret of a page could be left, and which were found there. */
export type PageLeaks = Record<'heap' | 'document' | 'storage' | 'history' | 'console and network', string[]>;

/** Notes what a page writes to the console, and what it says and hears over the network, but for the bodies that it sends. */
export function notesOf(page: Page): string[] {
  const seen: string[] = [];
  page.on('console', (message) => seen.push(message.text()));
  page.on('request', (request) => seen.push(request.url(), JSON.stringify(request.headers())));
  page.on('response', (response) => {
    void response.text().then(
      (text) => seen.push(text),
      () => undefined,
    );
  });
  return seen;
}

/** Looks for secrets in all that is left of a page. @param seen by {@link notesOf} */
export async function findLeaks(page: Page, canaries: Canaries, seen: readonly string[]): Promise<PageLeaks> {
  const cdp = await page.context().newCDPSession(page);
  return {
    heap: canaries.find(await heapOf(cdp)),
    document: canaries.find(
      JSON.stringify(await cdp.send('DOMSnapshot.captureSnapshot', { computedStyles: [] })),
    ),
    storage: canaries.find(
      JSON.stringify(await page.context().storageState({ indexedDB: true })) +
        (await page.evaluate<string>('JSON.stringify(sessionStorage)')),
    ),
    history: canaries.find(JSON.stringify(await cdp.send('Page.getNavigationHistory'))),
    'console and network': canaries.find(seen.join('\n')),
  };
}

/** What {@link findLeaks} finds where there is nothing. */
export const NO_LEAKS: PageLeaks = {
  heap: [],
  document: [],
  storage: [],
  history: [],
  'console and network': [],
};

/** Everything that is reachable in the page's memory once garbage is collected. */
export async function heapOf(cdp: CDPSession): Promise<string> {
  const chunks: string[] = [];
  cdp.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => chunks.push(chunk));
  await cdp.send('HeapProfiler.enable');
  await cdp.send('HeapProfiler.collectGarbage');
  await cdp.send('HeapProfiler.takeHeapSnapshot');
  return chunks.join('');
}
