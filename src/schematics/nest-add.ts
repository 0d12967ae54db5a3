import { newKeyRingText } from '../payments/crypto/key-ring-file.js';
import { withImport } from './app-module.js';
import { PROJECT_ACCESS, paymentsSetup } from './generated-files.js';

/** What is used of a tree of `@angular-devkit/schematics`, which Nest's CLI brings. */
interface Tree {
  exists(path: string): boolean;
  read(path: string): Uint8Array | null;
  create(path: string, content: string): void;
  overwrite(path: string, content: string): void;
}

/** What is used of its context. */
interface Context {
  logger: { info(text: string): void };
  addTask(task: { toConfiguration(): { name: string; options: object } }): unknown;
}

/** What Nest's CLI gives. */
export interface NestAddOptions {
  /** Where the application's sources are. Default: `src`. */
  sourceRoot?: string | undefined;
}

/** The packages that the generated files import. */
const PACKAGES: readonly [kind: 'dependencies' | 'devDependencies', name: string, range: string][] = [
  ['dependencies', 'pg', '^8.15.0'],
  ['devDependencies', '@types/pg', '^8.15.0'],
];

type Manifest = Partial<Record<'dependencies' | 'devDependencies', Record<string, string>>> & {
  type?: string;
};

/**
 * `nest add nest-stripe-config`: puts the module into an application, which starts afterwards and lets nobody at any project until
 * its own code says who owns what. What is there already stays as it is, so it may be run again.
 */
export function nestAdd({ sourceRoot = 'src' }: NestAddOptions = {}) {
  return async (tree: Tree, context: Context): Promise<void> => {
    const root = `/${sourceRoot}`;
    const appModule = textOf(tree, `${root}/app.module.ts`);
    if (appModule === undefined) {
      throw new Error(`there is no ${sourceRoot}/app.module.ts; name the folder with --source-root`);
    }
    const manifest = JSON.parse(textOf(tree, '/package.json') ?? '{}') as Manifest;
    const has = (name: string): boolean => manifest.dependencies?.[name] !== undefined;
    const hasTypeOrm = has('@nestjs/typeorm') && has('typeorm') && has('pg');
    const extension = extensionOf(appModule, manifest);

    createUnlessThere(tree, `${root}/payments/project-access.ts`, PROJECT_ACCESS);
    createUnlessThere(
      tree,
      `${root}/payments/payments-setup.module.ts`,
      paymentsSetup({ extension, hasTypeOrm }),
    );
    tree.overwrite(`${root}/app.module.ts`, withImport(appModule, extension));
    const mayBeInGit = addLines(tree, '/.gitignore', ['.env']) && tree.exists('/.env');
    await addSettings(tree, hasTypeOrm);
    if (!hasTypeOrm && addPackages(tree, manifest))
      context.addTask({ toConfiguration: () => installation(tree) });
    context.logger.info(`Fill in ${sourceRoot}/payments/project-access.ts: until then everybody is refused.`);
    if (mayBeInGit) {
      context.logger.info('.env now holds KEY_RING: where git has the file already, git rm --cached .env');
    }
    context.logger.info('Look through .env, and back up KEY_RING: what is stored opens with nothing else.');
  };
}

/** Whose text is UTF-8; undefined where there is none. */
function textOf(tree: Tree, path: string): string | undefined {
  const content = tree.read(path);
  return content === null ? undefined : Buffer.from(content).toString();
}

/** As the application itself writes it; where it shows none, as Node needs it. */
function extensionOf(appModule: string, { type }: Manifest): '' | '.js' {
  const [, path] = /from ['"](\.[^'"]*)['"]/.exec(appModule) ?? [];
  return (path === undefined ? type === 'module' : path.endsWith('.js')) ? '.js' : '';
}

function createUnlessThere(tree: Tree, path: string, content: string): void {
  if (!tree.exists(path)) tree.create(path, content);
}

/**
 * Adds lines to a file, but those that it has.
 *
 * @returns whether any was missing
 */
function addLines(tree: Tree, path: string, lines: readonly string[]): boolean {
  const text = textOf(tree, path);
  const known = new Set(text?.split(/\r?\n/).map((line) => line.trim()));
  const added = lines.filter((line) => !known.has(line));
  if (added.length === 0) return false;
  const before = text === undefined || text === '' || text.endsWith('\n') ? (text ?? '') : `${text}\n`;
  const content = `${before}${added.join('\n')}\n`;
  if (text === undefined) tree.create(path, content);
  else tree.overwrite(path, content);
  return true;
}

/** A setting that is there stays as it is, above all the key ring. */
async function addSettings(tree: Tree, hasTypeOrm: boolean): Promise<void> {
  const text = textOf(tree, '/.env') ?? '';
  const settings = [
    ...(hasTypeOrm ? [] : ['DATABASE_URL=postgres://postgres@127.0.0.1:5432/postgres']),
    'PUBLIC_BASE_URL=https://api.example.com',
    `KEY_RING=${Buffer.from(await newKeyRingText()).toString('base64')}`,
  ];
  const isThere = (setting: string): boolean =>
    new RegExp(`^\\s*(?:export\\s+)?${setting.split('=', 1)[0] ?? ''}\\s*=`, 'm').test(text);
  addLines(
    tree,
    '/.env',
    settings.filter((setting) => !isThere(setting)),
  );
}

/** @returns whether any was missing */
function addPackages(tree: Tree, manifest: Manifest): boolean {
  const missing = PACKAGES.filter(([kind, name]) => manifest[kind]?.[name] === undefined);
  for (const [kind, name, range] of missing) manifest[kind] = { ...manifest[kind], [name]: range };
  if (missing.length > 0) tree.overwrite('/package.json', `${JSON.stringify(manifest, undefined, 2)}\n`);
  return missing.length > 0;
}

/** As `NodePackageInstallTask` of the devkit says it. */
function installation(tree: Tree): { name: string; options: object } {
  const locks = { 'pnpm-lock.yaml': 'pnpm', 'yarn.lock': 'yarn' };
  const [, packageManager = 'npm'] = Object.entries(locks).find(([lock]) => tree.exists(`/${lock}`)) ?? [];
  return { name: 'node-package', options: { command: 'install', quiet: true, packageManager } };
}
