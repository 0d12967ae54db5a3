import { builtinModules } from 'node:module';
import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** No package can stand in for a module of Node that is named so. */
const UNPREFIXED_BUILTINS = builtinModules
  .filter((name) => !name.startsWith('node:'))
  .map((name) => ({ name, message: `Write node:${name}.` }));

const UNLISTED_EVENTS = {
  name: '@nestjs/common',
  importNames: ['Logger'],
  message: 'Use PaymentsLogger or ServiceLogger, which write the listed events only.',
};

export default tseslint.config(
  { ignores: ['**/node_modules', '**/dist', 'coverage', '**/.data', 'build'] },
  eslint.configs.recommended,
  {
    files: [
      'bench/**/*.js',
      'scripts/**/*.js',
      'test/support/*.js',
      'test/rigs/*.js',
      'test/ha/*.js',
      'test/engines/*.js',
    ],
    languageOptions: {
      globals: {
        Buffer: 'readonly',
        URL: 'readonly',
        console: 'readonly',
        fetch: 'readonly',
        process: 'readonly',
        setInterval: 'readonly',
      },
    },
  },
  {
    // They import the package as others do, by its name: only where it is installed are there types to judge by.
    files: ['package/consumers/*.ts', 'examples/**/*.ts', 'test/openapi/use-clients.ts'],
    extends: [...tseslint.configs.strict, ...tseslint.configs.stylistic],
    rules: { '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }] },
  },
  {
    files: ['**/*.ts'],
    ignores: ['package/consumers/*.ts', 'examples/**/*.ts', 'test/openapi/use-clients.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Nest modules are classes that carry only a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // The classes of requests and responses describe shapes for OpenAPI; plain objects have them.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: UNPREFIXED_BUILTINS }] },
  },
  {
    files: ['src/{app,payments}/**/*.ts'],
    ignores: ['src/**/*-logger.ts', 'src/**/*.spec.ts'],
    rules: { 'no-restricted-imports': ['error', { paths: [...UNPREFIXED_BUILTINS, UNLISTED_EVENTS] }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/app/settings/environment.ts', 'src/**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Settings are read in src/app/settings/environment.ts.',
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportDeclaration[source.value=/^(node:)?process$/]',
          message: 'Settings are read in src/app/settings/environment.ts.',
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/**/*.spec.ts', 'src/**/migrations/*.ts'],
    rules: { 'max-lines': ['error', 250] },
  },
);
