import { isPool } from '../database/pool.js';

const KINDS = ['pool', 'dataSource', 'adapter'] as const;

const FIX =
  'give { pool } with a Pool of pg, { dataSource } with a DataSource of TypeORM, or what drizzleDatabase() or prismaDatabase() makes';

/** What is wrong with the option `database`, with the fix; undefined when nothing is. From JavaScript anything may come. */
export function databaseOptionFault(option: unknown, dataSourceName: string | undefined): string | undefined {
  if (option === undefined) return undefined;
  if (dataSourceName !== undefined) {
    return `database and dataSource ("${dataSourceName}") both name a database; leave out one of them`;
  }
  if (typeof option !== 'object' || option === null) return `database must be an object; ${FIX}`;
  const given = option as Record<string, unknown>;
  const kinds = KINDS.filter((kind) => kind in given);
  if (kinds.length !== 1) return `database must be exactly one of its kinds; ${FIX}`;
  const { pool, dataSource, adapter } = given;
  const schema = kinds[0] === 'adapter' ? (adapter as Adapter | null)?.schema : given.schema;
  if (schema !== undefined && (typeof schema !== 'string' || schema === '')) {
    return 'database.schema must be the name of a schema; leave it out to use the one in which the tables are';
  }
  switch (kinds[0]) {
    case 'pool':
      return poolFault(pool);
    case 'dataSource':
      return dataSourceFault(dataSource);
    default:
      return adapterFault(adapter);
  }
}

/** What an adapter makes: a database, or what is wrong with what it was given. */
interface Adapter {
  readonly fault?: string;
  readonly schema?: unknown;
}

function adapterFault(adapter: unknown): string | undefined {
  if (has(adapter, 'begin', 'join')) return undefined;
  return (adapter as Adapter | null)?.fault ?? `database.adapter is made by an adapter; ${FIX}`;
}

function poolFault(pool: unknown): string | undefined {
  if (isPool(pool)) return undefined;
  return 'database.pool must be a Pool of pg: new Pool({ connectionString }); a Client, an address or another driver is none';
}

function dataSourceFault(dataSource: unknown): string | undefined {
  if (!has(dataSource, 'createQueryRunner')) {
    return 'database.dataSource must be a DataSource of TypeORM, not its options or its name';
  }
  const { type } = ((dataSource as { options?: unknown }).options ?? {}) as { type?: unknown };
  return type === 'postgres' ? undefined : 'database.dataSource is not PostgreSQL; give one that is';
}

function has(value: unknown, ...methods: string[]): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');
}
