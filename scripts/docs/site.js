// A plugin of TypeDoc that makes one site of the guides, the decisions, the reference of the package and the OpenAPI page, and
// reports links that lead nowhere. Run by `npm run docs`.
import { relative } from 'node:path';
import { Converter, JSX, KindRouter, PageEvent, RendererEvent } from 'typedoc';
import { deadLinksIn } from './dead-links.js';
import { OPENAPI_PAGE, writeOpenApiPage } from './openapi-page.js';

/** Behind TypeDoc's own listeners, which copy what pages link to. */
const LAST = -1_000;

/** The addresses of pages follow their files, so that a page may get another title. */
class FileRouter extends KindRouter {
  getIdealBaseName(reflection) {
    const file = reflection.isDocument() ? fileOf(reflection) : undefined;
    return file === undefined ? super.getIdealBaseName(reflection) : addressOf(file);
  }
}

function addressOf(file) {
  const address = file.toLowerCase().replace(/\.md$/, '');
  return address.replace(/^docs\//, address.includes('/decisions/') ? '' : 'guides/');
}

export function load(app) {
  app.renderer.defineRouter('file', FileRouter);
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, nameByHeading);
  app.converter.on(Converter.EVENT_END, ({ project }) => {
    // TypeDoc writes the project's name above the README.
    const [first] = project.readme;
    first.text = first.text.replace(/^# .+\n/, '');
  });
  app.renderer.hooks.on('sidebar.begin', (context) =>
    JSX.createElement(
      'p',
      null,
      JSX.createElement('a', { href: context.relativeURL(OPENAPI_PAGE) }, 'OpenAPI'),
    ),
  );
  // Guides link to the document, which is read better as a page.
  app.renderer.on(PageEvent.END, (page) => {
    page.contents = page.contents.replaceAll('media/openapi.json', OPENAPI_PAGE);
  });
  app.renderer.on(
    RendererEvent.END,
    ({ outputDirectory }) => {
      writeOpenApiPage(outputDirectory);
      for (const link of deadLinksIn(outputDirectory)) app.logger.error(`A link leads nowhere: ${link}`);
    },
    LAST,
  );
}

/** A page is listed under its first heading. */
function nameByHeading(_, document) {
  const [, title] = /^\s*# (.+)\n/.exec(document.content[0]?.text ?? '') ?? [];
  if (title === undefined) throw new Error(`${fileOf(document)} does not begin with a heading; give it one`);
  document.name = title;
  document.frontmatter.group = fileOf(document).startsWith('docs/decisions/') ? 'Decisions' : 'Guides';
}

function fileOf(document) {
  return relative(process.cwd(), document.project.files.getReflectionPath(document)).replaceAll('\\', '/');
}
