/** The module that is added. */
export const NAME = 'PaymentsSetupModule';

/**
 * The application's module with ours among its imports.
 *
 * @param extension what relative imports end with
 * @throws Error where the module is written in a way that cannot be changed safely
 */
export function withImport(appModule: string, extension: string): string {
  if (appModule.includes(NAME)) return appModule;
  const eol = appModule.includes('\r\n') ? '\r\n' : '\n';
  const listed = withListed(appModule, eol);
  const last = [...listed.matchAll(IMPORT)].at(-1);
  const at = last === undefined ? 0 : last.index + last[0].length;
  const statement = `import { ${NAME} } from './payments/payments-setup.module${extension}';${eol}`;
  return listed.slice(0, at) + statement + listed.slice(at);
}

/** A statement that imports, with or without a semicolon, and the rest of its line. */
const IMPORT = /^\uFEFF?import\b[^;'"]*(['"])[^'"\n]*\1[^\n]*\n/gm;
const COMMENT_OR_TEXT = /\/\/[^\n]*|\/\*[^]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
const START = /@Module\(\s*\{/g;

function withListed(appModule: string, eol: string): string {
  const code = appModule.replace(COMMENT_OR_TEXT, (text) => text.replace(/[^\n]/g, ' '));
  const [start, ...others] = code.matchAll(START);
  if (start === undefined || others.length > 0) throw new Error(UNSAFE);
  const from = start.index + start[0].length;
  const own = ownText(code, from);
  const list = /\bimports\s*:\s*\[/.exec(own);
  if (list === null) {
    // The list may come from elsewhere, and one beside it would be lost, or hide it.
    if (/\bimports\b|\.\.\./.test(own) || /['"`]imports['"`]/.test(appModule)) throw new Error(UNSAFE);
    return `${appModule.slice(0, from)}${eol}  imports: [${NAME}],${appModule.slice(from)}`;
  }
  const at = from + list.index + list[0].length;
  const [space = ''] = /^\s*/.exec(appModule.slice(at)) ?? [];
  const isEmpty = appModule[at + space.length] === ']';
  const added = isEmpty ? NAME : `${NAME},${space === '' ? ' ' : space}`;
  return appModule.slice(0, at + space.length) + added + appModule.slice(at + space.length);
}

/** Of the object that has been opened before a place, what is in no other one: the rest is blank. */
function ownText(code: string, from: number): string {
  let depth = 0;
  let own = '';
  for (const char of code.slice(from)) {
    if (/[)\]}]/.test(char)) depth -= 1;
    if (depth < 0) break;
    own += depth === 0 ? char : ' '.repeat(char.length);
    if (/[([{]/.test(char)) depth += 1;
  }
  return own;
}

const UNSAFE = `app.module.ts has no list of imports that could be added to safely; import ${NAME} of ./payments there by hand`;
