import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Finds the links of a site's pages that lead to no file or no place in one.
 *
 * @param {string} folder where the site is
 * @returns {string[]} each with the page that it stands on
 */
export function deadLinksIn(folder) {
  const pages = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.html'));
  const texts = new Map(pages.map((page) => [join(folder, page), readFileSync(join(folder, page), 'utf8')]));
  const leads = (file, place) => {
    if (!existsSync(file) || !statSync(file).isFile()) return false;
    // Only pages have places; those of an image are its own.
    return place === '' || (texts.get(file)?.includes(`id="${place}"`) ?? true);
  };
  return pages.flatMap((page) => {
    const targets = texts.get(join(folder, page)).matchAll(/ (?:href|src)="([^"]*)"/g);
    return [...new Set([...targets].map(([, target]) => target))].filter(isLocal).flatMap((target) => {
      const [path, place = ''] = decodeURIComponent(target).split('#');
      const file = path === '' ? join(folder, page) : join(folder, dirname(page), path);
      return leads(file, place) ? [] : [`${target} on ${page}`];
    });
  });
}

function isLocal(target) {
  return !/^[a-z]+:/i.test(target);
}
