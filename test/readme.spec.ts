import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Where the snippets seem to be, so that they find the project's packages. */
const FOLDER = join(ROOT, 'readme');

/** The README's TypeScript by file name: a snippet may name its own in its first line. */
function snippetsOf(markdown: string): Map<string, string> {
  const snippets = [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = '']) => text);
  return new Map(
    snippets.map((text, index) => {
      const name = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1] ?? `snippet-${index + 1}.ts`;
      return [join(FOLDER, name), text];
    }),
  );
}

/** What the compiler says of files that exist in memory only, each with its file and line. */
function faultsOf(files: ReadonlyMap<string, string>): string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...config.compilerOptions,
      noEmit: true,
      rootDir: '.',
      paths: { 'nest-stripe-config': ['./src/index.ts'] },
    },
    ROOT,
  );
  const base = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...base,
    fileExists: (file) => files.has(file) || base.fileExists(file),
    readFile: (file) => files.get(file) ?? base.readFile(file),
    directoryExists: (folder) => folder === FOLDER || base.directoryExists?.(folder) !== false,
    getSourceFile(file, version, ...rest) {
      const text = files.get(file);
      return text === undefined
        ? base.getSourceFile(file, version, ...rest)
        : ts.createSourceFile(file, text, version);
    },
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}

const snippets = snippetsOf(readFileSync(join(ROOT, 'README.md'), 'utf8'));

describe('the README', () => {
  it('has snippets that compile against the public face', () => {
    expect(snippets.size).toBeGreaterThan(5);
    expect(faultsOf(snippets)).toEqual([]);
  });

  it('would be told of one that does not', () => {
    const [first = ''] = snippets.keys();
    const broken = new Map(snippets).set(
      first,
      `${snippets.get(first) ?? ''}\nexport const wrong: number = PaymentsModule;`,
    );
    expect(faultsOf(broken)).toEqual([expect.stringContaining("is not assignable to type 'number'")]);
  });
});
