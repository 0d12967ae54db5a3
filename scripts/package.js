// Makes the package of the library from a build: `build/package/` with what its public face and its commands reach, and
// nothing else, as CommonJS, and `build/nest-stripe-config-<version>.tgz` of it. Run by `npm run package`.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { compileFunction } from 'node:vm';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');
const BUILD = join(ROOT, 'build');
const PACKAGE = join(BUILD, 'package');

const manifest = JSON.parse(readFileSync(join(ROOT, 'package/package.json'), 'utf8'));
const declared = { ...manifest.dependencies, ...manifest.peerDependencies };

const { schematics } = JSON.parse(readFileSync(join(ROOT, 'package/collection.json'), 'utf8'));

/** What others may load in Node, by the manifest: modules, their types, commands, and schematics. */
const entries = [
  ...Object.entries(manifest.exports).flatMap(([name, each]) =>
    typeof each === 'string' || name === './ui' ? [] : Object.values(each),
  ),
  ...Object.values(manifest.bin),
  ...Object.values(schematics).map(({ factory }) => factory.replace(/#.*$/, '.js')),
].map((path) => posix.normalize(path));

/** A file's own imports; in declarations files stand for their declarations. */
function importsOf(file) {
  return ts
    .preProcessFile(readFileSync(join(ROOT, file), 'utf8'), true, true)
    .importedFiles.map(({ fileName }) =>
      file.endsWith('.d.ts') && fileName.startsWith('.') ? fileName.replace(/\.js$/, '.d.ts') : fileName,
    );
}

const { compilerOptions } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config;

/**
 * The text of a file of the package. Modules are CommonJS, which each Node and each runner of tests can load. There `import()`
 * becomes `require`, since a runner may have none (Jest by default), but for jose, which is an ES module.
 */
function packed(file) {
  if (!file.endsWith('.js')) return readFileSync(join(ROOT, file), 'utf8');
  const source = file.replace(/^dist/, 'src').replace(/\.js$/, '.ts');
  // What asks for its own address, to find a package beside it, may ask for its path as well.
  const text = readFileSync(join(ROOT, source), 'utf8').replace('import.meta.url', '__filename');
  const loadsModules = text.includes("import('jose')");
  const { outputText } = ts.transpileModule(text, {
    fileName: loadsModules ? source.replace(/ts$/, 'cts') : source,
    compilerOptions: {
      ...ts.convertCompilerOptionsFromJson(compilerOptions, ROOT).options,
      module: loadsModules ? ts.ModuleKind.NodeNext : ts.ModuleKind.CommonJS,
      moduleResolution: undefined,
    },
  });
  // What only an ES module may have, as an await outside of functions, is a syntax error here.
  compileFunction(outputText.replace(/^#!.*/, ''), ['exports', 'require', 'module', '__filename'], {
    filename: file,
  });
  return outputText;
}

/** The package that an import comes from. */
function packageOf(imported) {
  return imported.split('/', imported.startsWith('@') ? 2 : 1).join('/');
}

/** Everything that the entries reach. Files that are found on the way are visited too. */
function reachable() {
  const files = new Set(entries);
  const faults = [];
  for (const file of files) {
    if (!existsSync(join(ROOT, file))) {
      faults.push(`${file} does not exist`);
      continue;
    }
    for (const imported of importsOf(file)) {
      if (imported.startsWith('.')) files.add(posix.join(posix.dirname(file), imported));
      else if (!imported.startsWith('node:') && !(packageOf(imported) in declared)) {
        faults.push(`${file} imports ${imported}, which package/package.json does not declare`);
      }
    }
  }
  if (faults.length > 0) throw new Error(`This cannot be packed:\n${faults.join('\n')}`);
  return files;
}

/** The element for browsers, as it was built: an ES module in one file, with its types and the licences of what is in it. */
function packElement() {
  const folder = join(PACKAGE, 'dist/ui');
  mkdirSync(folder, { recursive: true });
  const script = readFileSync(join(ROOT, 'dist/ui/stripe-settings.js'), 'utf8');
  writeFileSync(join(folder, 'stripe-settings.mjs'), script.replace(/\/\/# sourceMappingURL=.*\n?/, ''));
  copyFileSync(
    join(ROOT, 'dist/ui/stripe-settings.js.LEGAL.txt'),
    join(folder, 'stripe-settings.js.LEGAL.txt'),
  );
  // Outside of the repository the names of texts have no source to follow from.
  const texts = /(?<=export type StripeSettingsText = )keyof typeof import[^;]+/;
  const names = namesOfTexts().map((name) => `'${name}'`);
  const types = readFileSync(join(ROOT, 'package/ui.d.mts'), 'utf8').replace(texts, names.join(' | '));
  writeFileSync(join(folder, 'stripe-settings.d.mts'), types);
}

function namesOfTexts() {
  const path = join(ROOT, 'src/ui/texts/texts.ts');
  const program = ts.createProgram([path], {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
  });
  const checker = program.getTypeChecker();
  const [english] = checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)))
    .filter(({ name }) => name === 'ENGLISH');
  return checker
    .getTypeOfSymbol(english)
    .getProperties()
    .map(({ name }) => name);
}

const files = reachable();
rmSync(PACKAGE, { recursive: true, force: true });
for (const file of files) {
  const target = join(PACKAGE, file);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, packed(file));
}
packElement();
for (const file of ['package.json', 'collection.json'])
  copyFileSync(join(ROOT, 'package', file), join(PACKAGE, file));
const guides = readdirSync(join(ROOT, 'docs'))
  .filter((file) => file.endsWith('.md'))
  .map((file) => join('docs', file));
mkdirSync(join(PACKAGE, 'docs'));
for (const text of ['README.md', 'LICENSE', 'CHANGELOG.md', ...guides])
  copyFileSync(join(ROOT, text), join(PACKAGE, text));

execFileSync('npm', ['pack', '--silent', '--pack-destination', BUILD], { cwd: PACKAGE, stdio: 'inherit' });
