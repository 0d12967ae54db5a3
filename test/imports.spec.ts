import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The product's own files, by their path from the root. */
const FILES = filesUnder('src').filter((file) => !file.endsWith('.spec.ts'));

/** Gives the programs that it starts their PATH, which is no setting of the service. */
const PASSES_PATH_ON = 'src/embedded-postgres/runner.ts';

/** What only some install: clients of key services, the host's event emitter. Each is loaded when it is needed. */
const OPTIONAL_CLIENTS: Record<string, string> = {
  'src/payments/crypto/key-services/aws-kms.ts': '@aws-sdk/client-kms',
  'src/payments/crypto/key-services/gcp-kms.ts': '@google-cloud/kms',
  'src/payments/stripe-config/config-events.ts': '@nestjs/event-emitter',
};

/** What makes outbound connections go through a proxy; key services need it as well. */
const PROXY_PACKAGES = ['https-proxy-agent', 'proxy-from-env', 'undici'];

function filesUnder(folder: string): string[] {
  return readdirSync(`${ROOT}/${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => posix.join(folder, file.replaceAll('\\', '/')))
    .sort();
}

const textOf = (file: string) => readFileSync(`${ROOT}/${file}`, 'utf8');

/** What a source imports, in whatever way; files by their path from the root. */
function importsOf(file: string, text = textOf(file)): string[] {
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) =>
      fileName.startsWith('.') ? posix.join(posix.dirname(file), fileName).replace(/\.js$/, '.ts') : fileName,
    );
}

/** Everything that files import, themselves or through other files. */
function reachableFrom(files: readonly string[]): string[] {
  const seen = new Set<string>();
  const open = [...files];
  for (const file of open) {
    for (const imported of importsOf(file)) {
      if (seen.has(imported)) continue;
      seen.add(imported);
      if (imported.endsWith('.ts')) open.push(imported);
    }
  }
  return [...seen].sort();
}

const isFile = (imported: string) => imported.endsWith('.ts');
const isBuiltin = (imported: string) => imported.startsWith('node:') || builtinModules.includes(imported);

/** The package that an import comes from. */
function packageOf(imported: string): string {
  return imported.split('/', imported.startsWith('@') ? 2 : 1).join('/');
}

/** What a source cannot be loaded without: no types, and nothing that it loads on demand. */
function staticImportsOf(text: string): string[] {
  return ts
    .createSourceFile('x.ts', text, ts.ScriptTarget.Latest)
    .statements.filter((node) => ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
    .filter((node) =>
      ts.isImportDeclaration(node)
        ? node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword
        : !node.isTypeOnly,
    )
    .flatMap(({ moduleSpecifier }) =>
      moduleSpecifier !== undefined && ts.isStringLiteral(moduleSpecifier) ? [moduleSpecifier.text] : [],
    );
}

/** Whether a source reads the environment, by `process.env` or by importing it. */
function readsEnvironment(text: string): boolean {
  const source = ts.createSourceFile('x.ts', text, ts.ScriptTarget.Latest);
  const visit = (node: ts.Node): boolean => {
    const ofProcess =
      (ts.isPropertyAccessExpression(node) && node.name.text === 'env' && isProcess(node.expression)) ||
      (ts.isElementAccessExpression(node) && isProcess(node.expression)) ||
      (ts.isVariableDeclaration(node) &&
        ts.isObjectBindingPattern(node.name) &&
        isProcess(node.initializer)) ||
      (ts.isImportDeclaration(node) &&
        /^(?:node:)?process$/.test((node.moduleSpecifier as ts.StringLiteral).text));
    return ofProcess || (ts.forEachChild(node, visit) ?? false);
  };
  return visit(source);
}

function isProcess(node: ts.Node | undefined): boolean {
  return node !== undefined && ts.isIdentifier(node) && node.text === 'process';
}

describe('the product', () => {
  it('is made of files that import files which exist', () => {
    expect(FILES.length).toBeGreaterThan(30);
    expect(
      FILES.flatMap((file) => importsOf(file)).filter((each) => isFile(each) && !FILES.includes(each)),
    ).toEqual([]);
  });

  it('reads its settings in one file only', () => {
    const readers = FILES.filter((file) => readsEnvironment(textOf(file)));
    expect(readers).toEqual(['src/app/settings/environment.ts', PASSES_PATH_ON]);
    expect(textOf(PASSES_PATH_ON).match(/process\.env\b[.\w]*/g)).toEqual(['process.env.PATH']);
  });

  it('uses packages that are installed with it', () => {
    const { dependencies } = JSON.parse(textOf('package.json')) as { dependencies: Record<string, string> };
    const packages = FILES.flatMap((file) =>
      importsOf(file)
        .filter((imported) => !isFile(imported) && !isBuiltin(imported))
        .map(packageOf)
        .filter((name) => name !== OPTIONAL_CLIENTS[file]),
    );
    expect(packages).toContain('typeorm');
    expect(packages.filter((name) => dependencies[name] === undefined)).toEqual([]);
  });

  it.each(Object.entries(OPTIONAL_CLIENTS))(
    'does not need in %s the client that it may load',
    (file, client) => {
      const text = textOf(file);
      expect(importsOf(file, text)).toContain(client);
      expect(staticImportsOf(text)).not.toContain(client);
    },
  );

  it('names built-in modules so that no package can stand in for them', () => {
    const bare = FILES.flatMap((file) => importsOf(file)).filter((each) => builtinModules.includes(each));
    expect(bare.filter((each) => !each.startsWith('node:'))).toEqual([]);
  });
});

describe('the payments module', () => {
  const payments = FILES.filter((file) => file.startsWith('src/payments/'));

  it('imports nothing from the service around it', () => {
    expect(payments.length).toBeGreaterThan(20);
    const outside = payments.flatMap((file) =>
      importsOf(file)
        .filter((imported) => isFile(imported) && !imported.startsWith('src/payments/'))
        .map((imported) => `${file} → ${imported}`),
    );
    expect(outside).toEqual([]);
  });

  it('is all that the library’s public face shows', () => {
    expect(importsOf('src/index.ts').filter((imported) => !imported.startsWith('src/payments/'))).toEqual([]);
  });

  it('uses the SDK of Stripe in one folder only', () => {
    const users = FILES.filter((file) =>
      importsOf(file).some((imported) => packageOf(imported) === 'stripe'),
    );
    expect(users.filter((file) => !file.startsWith('src/payments/stripe/'))).toEqual([]);
  });

  it.each([
    ['the rules of keys', ['src/payments/domain/credential-rules.ts']],
    ['the cryptography', FILES.filter((file) => file.startsWith('src/payments/crypto/'))],
  ])('keeps %s free of every framework', (_, files) => {
    expect(files.length).toBeGreaterThan(0);
    const reached = reachableFrom(files);
    expect(reached.length).toBeGreaterThan(0);
    const foreign = reached.filter((each) => !isFile(each) && !each.startsWith('node:'));
    const allowed = [...Object.values(OPTIONAL_CLIENTS), ...PROXY_PACKAGES];
    expect(foreign.filter((each) => !allowed.includes(each))).toEqual([]);
  });
});

describe('these rules', () => {
  it.each([
    `import x from './a.js';`,
    `import './a.js';`,
    `import type { X } from './a.js';`,
    `export * from './a.js';`,
    `export type { X } from './a.js';`,
    `const x = await import('./a.js');`,
    `const x = require('./a.js');`,
    `let x: import('./a.js').X;`,
  ])('see %s', (text) => {
    expect(importsOf('src/app/x.ts', text)).toEqual(['src/app/a.ts']);
  });

  it.each<[string, string[]]>([
    [`import x from 'a';`, ['a']],
    [`import 'a';`, ['a']],
    [`import { type X } from 'a';`, ['a']],
    [`export * from 'a';`, ['a']],
    [`import type { X } from 'a';`, []],
    [`export type { X } from 'a';`, []],
    [`const x = await import('a');`, []],
  ])('see what is needed to load %s', (text, needed) => {
    expect(staticImportsOf(text)).toEqual(needed);
  });

  it.each([
    `const x = process.env['X'];`,
    `const x = process['env'];`,
    `const { env } = process;`,
    `function f(x = process.env) {}`,
    `import { env } from 'node:process';`,
    `import p from 'process';`,
  ])('see that the environment is read by %s', (text) => {
    expect(readsEnvironment(text)).toBe(true);
  });

  it.each([`process.exit(1);`, `type X = NodeJS.ProcessEnv;`, `// process.env`, `const x = 'process.env';`])(
    'see that it is not by %s',
    (text) => {
      expect(readsEnvironment(text)).toBe(false);
    },
  );
});
