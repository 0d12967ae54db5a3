import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from './process.js';

/** A page of the documentation. */
export interface Guide {
  /** Its path below the root. */
  file: string;
  text: string;
}

/** What a reader of the repository reads: the README, the guides, and with `all` every page beside them. */
export function readGuides({ all = false } = {}): Guide[] {
  const pagesIn = (folder: string) =>
    readdirSync(join(ROOT, folder))
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file));
  const others = ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'examples/monolith/README.md'];
  return ['README.md', ...pagesIn('docs'), ...(all ? [...others, ...pagesIn('docs/decisions')] : [])].map(
    (file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }),
  );
}

/** The blocks of code of a page in one language. */
export function blocksOf({ text }: Guide, language: string): string[] {
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n(.*?)^\\1\`\`\`$`, 'gms'))].map(
    ([, , block = '']) => block,
  );
}

/** The links of a page that lead nowhere in the repository. */
export function deadLinksOf({ file, text }: Guide): string[] {
  const prose = text.replace(/^( *)```.*?^\1```$/gms, '').replace(/`[^`\n]*`/g, '`code`');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^https?:/.test(target)) return [];
    const [path = '', anchor] = target.split('#');
    const found = path === '' ? join(ROOT, file) : join(ROOT, dirname(file), path);
    const isAlive = existsSync(found) && (anchor === undefined || anchorsOf(found).includes(anchor));
    return isAlive ? [] : [`${file}: ${target}`];
  });
}

/** The places of a page that a link may lead to, by GitHub's rules. */
function anchorsOf(file: string): string[] {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
