import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, cleanUp, temporaryFolder } from './support/process.js';
import { run } from './support/run.js';

afterEach(cleanUp);

const MODULE = pathToFileURL(join(ROOT, 'scripts/docs/dead-links.js')).href;

/** What `npm run docs` finds in a site of these pages. */
async function deadLinksIn(pages: Record<string, string>): Promise<unknown> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'guides'));
  for (const [file, text] of Object.entries(pages)) await writeFile(join(folder, file), text);
  const code = `
    import { deadLinksIn } from ${JSON.stringify(MODULE)};
    console.log(JSON.stringify(deadLinksIn(${JSON.stringify(folder)})));`;
  return JSON.parse(await run(folder, process.execPath, '--input-type=module', '-e', code));
}

describe('the site of the documentation', () => {
  it('has no dead link where pages, their places and files are there', async () => {
    const pages = {
      'index.html':
        '<a href="guides/a.html#b">a</a> <a href="#top" id="top"> <img src="i.png"> <a href="https://x">',
      'guides/a.html': '<h2 id="b">b</h2> <a href="../index.html">up</a> <a href="../i.svg#icon">',
      'i.png': '',
      'i.svg': '',
    };
    expect(await deadLinksIn(pages)).toEqual([]);
  });

  it('names each link to a page, a place or a file that is not there, with its page', async () => {
    const pages = {
      'index.html': '<a href="guides/b.html">b</a> <a href="guides/a.html#c">c</a> <a href="#d">d</a>',
      'guides/a.html': '<img src="i.png"> <a href="..">up</a>',
    };
    expect(await deadLinksIn(pages)).toEqual([
      'guides/b.html on index.html',
      'guides/a.html#c on index.html',
      '#d on index.html',
      'i.png on guides/a.html',
      '.. on guides/a.html',
    ]);
  });
});
