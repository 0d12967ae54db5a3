import { readManifest, type Versions } from './installed.js';

/** The lowest version of each peer that the package claims to work with. */
export const LOWEST: Versions = {
  '@nestjs/common': '10.4.0',
  '@nestjs/core': '10.4.0',
  '@nestjs/event-emitter': '2.0.4',
  '@nestjs/passport': '10.0.3',
  '@nestjs/swagger': '8.0.0',
  '@opentelemetry/api': '1.9.0',
  'class-transformer': '0.5.1',
  'class-validator': '0.14.0',
  passport: '0.7.0',
  pg: '8.15.0',
  'reflect-metadata': '0.2.0',
  rxjs: '7.8.0',
  typeorm: '0.3.20',
};

/** The lowest versions of Nest 11. */
export const LOWEST_NEST_11: Versions = {
  ...LOWEST,
  '@nestjs/common': '11.0.1',
  '@nestjs/core': '11.0.1',
  '@nestjs/event-emitter': '3.0.0',
  '@nestjs/passport': '11.0.2',
  '@nestjs/swagger': '11.0.1',
  '@nestjs/typeorm': '11.0.0',
};

/** The newest versions of Nest 11 and of what goes with it. */
export const NEST_11: Versions = {
  ...LOWEST,
  '@nestjs/common': '11.2.10',
  '@nestjs/core': '11.2.10',
  '@nestjs/event-emitter': '3.1.0',
  '@nestjs/passport': '11.0.5',
  '@nestjs/swagger': '11.4.7',
  '@nestjs/typeorm': '11.0.3',
  '@opentelemetry/api': '1.10.0',
  'class-validator': '0.14.2',
  pg: '8.23.1',
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
  typeorm: '0.3.31',
};

const { dependencies, devDependencies } = readManifest('package.json');
const TESTED_WITH: Versions = { ...devDependencies, ...dependencies };

/** The versions that the project itself is tested with. */
export const NEST_12 = Object.fromEntries(
  Object.keys(NEST_11).map((name) => [name, TESTED_WITH[name] ?? '']),
);

export const TYPES: Versions = { '@types/node': '20.19.43' };
