import { parseKeyRing } from '../payments/crypto/key-ring-text.js';
import { nestAdd } from './nest-add.js';

const APP_MODULE = `import { Module } from '@nestjs/common';
import { AppController } from './app.controller.js';

@Module({
  imports: [],
  controllers: [AppController],
})
export class AppModule {}
`;

/** A tree of the devkit, as much of it as is used. */
function treeOf(files: Record<string, string>) {
  return {
    files,
    exists: (path: string) => path in files,
    read: (path: string) => (path in files ? Buffer.from(files[path] ?? '') : null),
    create: (path: string, content: string) => void (files[path] = content),
    overwrite: (path: string, content: string) => void (files[path] = content),
  };
}

async function add(given: Record<string, string>, sourceRoot?: string) {
  const said: string[] = [];
  const tasks: unknown[] = [];
  const tree = treeOf({ '/package.json': '{}', '/src/app.module.ts': APP_MODULE, ...given });
  await nestAdd({ sourceRoot })(tree, {
    logger: { info: (text) => void said.push(text) },
    addTask: (task) => tasks.push(task.toConfiguration()),
  });
  return { files: tree.files, said, tasks };
}

it('makes a key ring that can be read, and says nothing of it', async () => {
  const { files, said } = await add({});
  const text = /^KEY_RING=(.+)$/m.exec(files['/.env'] ?? '')?.[1] ?? '';
  expect(parseKeyRing(text).active.id).toMatch(/^[a-z2-7]{10}$/);
  expect(said.join('\n')).not.toContain(text);
  expect(files['/.gitignore']).toBe('.env\n');
});

it.each([
  [true, { '/.env': 'PORT=1' }],
  [false, { '/.env': 'PORT=1', '/.gitignore': '.env' }],
  [false, {}],
])('says whether git may have the key ring: %s', async (isSaid, given) => {
  const { said } = await add(given);
  expect(said.some((text) => text.includes('git rm --cached .env'))).toBe(isSaid);
});

it.each(['KEY_RING=mine', 'export KEY_RING = mine', '  KEY_RING='])(
  'leaves a key ring alone that is there: %s',
  async (line) => {
    const { files } = await add({ '/.env': line });
    expect(files['/.env']?.match(/KEY_RING/g)).toHaveLength(1);
    expect(files['/.env']?.startsWith(`${line}\n`)).toBe(true);
  },
);

it.each([
  ['imports: [],', 'imports: [PaymentsSetupModule],'],
  ['imports: [A],', 'imports: [PaymentsSetupModule, A],'],
  ['imports: [\n    A,\n  ],', 'imports: [\n    PaymentsSetupModule,\n    A,\n  ],'],
  ['', '@Module({\n  imports: [PaymentsSetupModule],'],
])('puts itself into %j', async (from, to) => {
  const { files } = await add({ '/src/app.module.ts': APP_MODULE.replace('imports: [],', from) });
  expect(files['/src/app.module.ts']).toContain(to);
  expect(files['/src/app.module.ts']).toContain(
    "import { PaymentsSetupModule } from './payments/payments-setup.module.js';\n\n@Module",
  );
});

it.each([
  [
    'comments that look like a list',
    '// imports: [Old],\n  imports: [A],',
    /\/\/ imports: \[Old\],\n {2}imports: \[PaymentsSetupModule, A\]/,
  ],
  [
    'a list of another object',
    'providers: [make({ imports: [A] })],',
    /@Module\(\{\n {2}imports: \[PaymentsSetupModule\],/,
  ],
])('is not misled by %s', async (_, from, expected) => {
  const { files } = await add({ '/src/app.module.ts': APP_MODULE.replace('imports: [],', from) });
  expect(files['/src/app.module.ts']).toMatch(expected);
});

it('keeps its import among the others, where lines end without a semicolon or as on Windows', async () => {
  const bare = APP_MODULE.replaceAll(';', '').replace('{}', '{\n  a = 1;\n}');
  const windows = APP_MODULE.replaceAll('\n', '\r\n');
  for (const text of [bare, windows]) {
    const { files } = await add({ '/src/app.module.ts': text });
    expect(files['/src/app.module.ts']).toMatch(
      /app\.controller\.js';?\r?\nimport \{ PaymentsSetupModule \} from '[^']+';\r?\n\r?\n@Module/,
    );
    expect(files['/src/app.module.ts']?.includes('\r')).toBe(text === windows);
    expect(files['/src/app.module.ts']?.match(/(?<!\r)\n/) === null).toBe(text === windows);
  }
});

it.each([
  ['.js', APP_MODULE.replaceAll("'", '"'), '{}'],
  ['', APP_MODULE.replace('.js', ''), '{"type":"module"}'],
  [
    '.js',
    "import { Module } from '@nestjs/common';\n\n@Module({})\nexport class AppModule {}\n",
    '{"type":"module"}',
  ],
])('imports files with %j where the application does so', async (extension, appModule, manifest) => {
  const { files } = await add({ '/src/app.module.ts': appModule, '/package.json': manifest });
  expect(files['/src/app.module.ts']).toContain(`from './payments/payments-setup.module${extension}';`);
  expect(files['/src/payments/payments-setup.module.ts']).toContain(`from './project-access${extension}';`);
});

it.each(['imports,', "'imports': [A],", '...metadata,', '}) class Inner {}\n@Module({'])(
  'leaves a module alone that has %j',
  async (text) => {
    const files = { '/src/app.module.ts': APP_MODULE.replace('imports: [],', text) };
    await expect(add(files)).rejects.toThrow('by hand');
  },
);

it('changes nothing where it cannot do so safely', async () => {
  const listed = APP_MODULE.replace('imports: [],', 'imports: MODULES,');
  await expect(add({ '/src/app.module.ts': listed })).rejects.toThrow(
    'app.module.ts has no list of imports that could be added to safely; import PaymentsSetupModule',
  );
  await expect(add({}, 'apps/api/src')).rejects.toThrow('there is no apps/api/src/app.module.ts');
});

it('installs pg where there is none, by the package manager of the application', async () => {
  const { files, tasks } = await add({ '/pnpm-lock.yaml': '' });
  expect(JSON.parse(files['/package.json'] ?? '')).toEqual({
    dependencies: { pg: '^8.15.0' },
    devDependencies: { '@types/pg': '^8.15.0' },
  });
  expect(tasks).toMatchObject([{ name: 'node-package', options: { packageManager: 'pnpm' } }]);
  const again = await add(files);
  expect(again.tasks).toEqual([]);
});
