import type { PoolClient } from 'pg';
import type { Database, Session } from './database.js';
import { answerLimit } from './pool.js';
import { RESULT_TYPES } from './statement.js';

/** Statements on a connection that is in a transaction. */
export function sessionOn(database: Database, client: PoolClient): Session {
  return {
    database,
    query: async (statement) => {
      const query = { ...statement, types: RESULT_TYPES, query_timeout: answerLimit(database) };
      return (await client.query<Record<string, unknown>>(query)).rows;
    },
  };
}
