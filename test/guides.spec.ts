import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import ts from 'typescript';
import { blocksOf, deadLinksOf, readGuides } from './support/guides.js';
import { ROOT, cleanUp, runProgram } from './support/process.js';

/** Where the snippets seem to be, so that they find the project's packages and each other. */
const FOLDER = join(ROOT, 'guides');

const guides = readGuides();

/** The TypeScript of all guides by file name: a snippet may name its own in its first line. */
function readSnippets(): Map<string, string> {
  const snippets = new Map<string, string>();
  for (const guide of guides) {
    for (const [index, text] of blocksOf(guide, 'ts').entries()) {
      const name = /^\/\/ (\S+\.ts)\n/.exec(text)?.[1] ?? `${basename(guide.file, '.md')}-${index + 1}.ts`;
      const file = join(FOLDER, name);
      if (snippets.has(file)) throw new Error(`two snippets are named ${name}`);
      snippets.set(file, text);
    }
  }
  return snippets;
}

/** What all programs read alike, which is parsed once: of what they compile, the snippets are the least. */
const parsed = new Map<string, ts.SourceFile | undefined>();

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
      paths: {
        'nest-stripe-config': ['./src/index.ts'],
        'nest-stripe-config/drizzle': ['./src/drizzle.ts'],
        'nest-stripe-config/prisma': ['./src/prisma.ts'],
        'nest-stripe-config/testing': ['./src/testing/index.ts'],
        'nest-stripe-config/typeorm': ['./src/typeorm.ts'],
        'nest-stripe-config/ui': ['./package/ui.d.mts'],
      },
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
      if (text !== undefined) return ts.createSourceFile(file, text, version);
      if (!parsed.has(file)) parsed.set(file, base.getSourceFile(file, version, ...rest));
      return parsed.get(file);
    },
  };
  const program = ts.createProgram([...files.keys()], options, host);
  // Of the snippets alone: the sources have been compiled by themselves.
  return [...files.keys()]
    .flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)))
    .map(
      ({ file, messageText }) =>
        `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}

describe('the snippets of the README and the guides', () => {
  const snippets = readSnippets();

  it('compile against the public face', () => {
    expect(snippets.size).toBeGreaterThan(10);
    expect(faultsOf(snippets)).toEqual([]);
  });

  it('are reported where they do not', () => {
    const [first = ''] = snippets.keys();
    const broken = new Map(snippets).set(
      first,
      `${snippets.get(first) ?? ''}\nexport const wrong: number = PaymentsModule;`,
    );
    expect(faultsOf(broken)).toEqual([expect.stringContaining("is not assignable to type 'number'")]);
  });
});

describe('the commands of the README and the guides', () => {
  afterAll(cleanUp);

  const { scripts, bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
    bin: Record<string, string>;
  };
  const text = readGuides({ all: true })
    .filter(({ file }) => file !== 'CHANGELOG.md')
    .map((guide) => guide.text)
    .join('\n');
  const runs = [...text.matchAll(/npm run ([a-z:]+)(?: -- ([^#`\n]*))?/g)];

  it('are scripts of the project', () => {
    const names = [...new Set(runs.map(([, name = '']) => name))];
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  /** The programs behind them, each with what is said to it. */
  const programs = [
    ...runs.map(([, name = '', said = '']) => [/dist\/cli\/\S+\.js$/.exec(scripts[name] ?? '')?.[0], said]),
    ...[...text.matchAll(/npx (nest-stripe-config) (\w+) ([^#`\n]*)/g)].map(
      ([, name = '', group = '', said = '']) => [`${bin[name] ?? ''} ${group}`, said],
    ),
    ...[...text.matchAll(/node (dist\/cli\/\w+\.js) ([^#`\n]*)/g)].map(([, file, said = '']) => [file, said]),
  ];
  /** Which options are given to which command of a program. */
  const commands = new Map<string, string[]>();
  for (const [file, said = ''] of programs) {
    if (file === undefined) continue;
    const [command = ''] = /^[a-z]+\b/.exec(said) ?? [];
    const key = `${file} ${command}`.trim();
    const options = [...said.matchAll(/--[a-z-]+/g)].map(([option]) => option);
    commands.set(key, [...(commands.get(key) ?? []), ...options]);
  }

  it.each([...commands])('%s takes what is said to it', async (key, options) => {
    const [file = '', ...command] = key.split(' ');
    const help = runProgram(file, [...command, '--help'], {});
    expect([await help.exit(), help.stderr]).toEqual([0, '']);
    expect(options.filter((option) => !help.stdout.includes(option))).toEqual([]);
    expect(help.stdout).toMatch(new RegExp(`^Usage: \\S+ ${command.join(' ')}`));
  });
});

describe('the links of every page', () => {
  it('lead somewhere', () => {
    const pages = readGuides({ all: true });
    expect(pages.length).toBeGreaterThan(30);
    expect(pages.flatMap(deadLinksOf)).toEqual([]);
  });

  it('are reported where they do not', () => {
    const text =
      '[file](none.md) [place](README.md#none) [here](#none) ![image](none.png) [good](README.md#run-it)';
    expect(deadLinksOf({ file: 'CHANGELOG.md', text })).toEqual(
      ['none.md', 'README.md#none', '#none', 'none.png'].map((target) => `CHANGELOG.md: ${target}`),
    );
  });
});

describe('the tour of the house', () => {
  it('names folders and files that are there', () => {
    const tour = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
    const places = [...tour.matchAll(/^\| `([^`]+)` /gm)].map(([, place = '']) => place);
    expect(places.length).toBeGreaterThan(10);
    expect(places.filter((place) => !existsSync(join(ROOT, place)))).toEqual([]);
  });
});

describe('the README', () => {
  it('is a door: short, with the two commands', () => {
    const [{ text } = { text: '' }] = guides;
    expect(text.split('\n').length).toBeLessThanOrEqual(150);
    for (const command of ['npm ci && npm start', 'npm ci && npm test']) {
      expect(text).toContain(`\`\`\`sh\n${command}\n\`\`\``);
    }
  });
});
