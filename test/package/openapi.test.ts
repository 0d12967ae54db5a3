import { createRequire } from 'node:module';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, cleanUp } from '../support/process.js';
import { run } from '../support/run.js';
import { installedProject, type Versions } from './installed.js';
import { NEST_11, NEST_12, TYPES } from './versions.js';

const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const TOOLS: Versions = { '@redocly/openapi-core': '2.64.0', ...TYPES };

/** Lints each document of standard input by the recommended rules of Redocly, its warnings included. */
const LINT = `
  import { text } from 'node:stream/consumers';
  import { createConfig, lintFromString } from '@redocly/openapi-core';
  const config = await createConfig({ extends: ['recommended'] });
  const problems = [];
  for (const document of JSON.parse(await text(process.stdin))) {
    const found = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config });
    problems.push(found.map(({ message, location }) => message + ' ' + location[0].pointer));
  }
  process.stdout.write(JSON.stringify(problems));
`;

const HOSTS: [what: string, versions: Versions][] = [
  ['Nest 11', { ...NEST_11, '@nestjs/platform-express': '11.2.10' }],
  ['Nest 12', { ...NEST_12, '@nestjs/platform-express': '12.5.1' }],
];

describe.each(HOSTS)(
  'the OpenAPI documents of a host of %s, whose schemas have names of ours',
  (what, versions) => {
    let problems: Record<'made' | 'completed', string[]>[];

    beforeAll(async () => {
      const folder = await installedProject({ ...versions, ...TOOLS });
      await mkdir(join(folder, 'src'));
      await copyFile(join(ROOT, 'package/consumers/documents.ts'), join(folder, 'src/documents.ts'));
      await writeFile(
        join(folder, 'tsconfig.json'),
        JSON.stringify({
          compilerOptions: {
            target: 'ES2023',
            module: 'commonjs',
            types: ['node'],
            rootDir: 'src',
            outDir: 'dist',
            strict: true,
            esModuleInterop: true,
            experimentalDecorators: true,
            emitDecoratorMetadata: true,
            skipLibCheck: true,
          },
          include: ['src'],
        }),
      );
      await run(folder, process.execPath, TSC, '-p', '.');
      await writeFile(join(folder, 'lint.mjs'), LINT);
      const found = await run(folder, 'sh', '-c', 'node --no-warnings dist/documents.js | node lint.mjs');
      const [made30 = [], completed30 = [], made31 = [], completed31 = []] = JSON.parse(found) as string[][];
      problems = [
        { made: made30, completed: completed30 },
        { made: made31, completed: completed31 },
      ];
    });

    afterAll(cleanUp);

    it('are valid in version 3.0', () => {
      expect(problems[0]).toEqual({ made: [], completed: [] });
    });

    it('are valid in version 3.1 when they are completed', () => {
      expect(problems[1]?.completed).toEqual([]);
    });

    it('are valid in version 3.1 as they are made, unless @nestjs/swagger writes nullable', () => {
      const faults = problems[1]?.made.filter(
        (problem) => !problem.startsWith('Property `nullable` is not expected'),
      );
      expect(faults).toEqual([]);
      expect(problems[1]?.made.length === 0).toBe(what === 'Nest 12');
    });
  },
);
