import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SqlTypes, Statement } from '../../src/payments/database/statement.js';

/** A statement, whatever goes in and comes out. */
export type AnyStatement = Statement<SqlTypes, SqlTypes>;

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

/** Every statement of the sources. */
export async function exportedStatements(): Promise<AnyStatement[]> {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  const modules = files.filter((file) => file.endsWith('.statements.ts'));
  const exported: unknown[] = [];
  // One after another: Jest cannot link what several import at once.
  for (const file of modules) {
    exported.push(...Object.values((await import(join(SOURCES, file))) as Record<string, unknown>));
  }
  return exported.filter((value): value is AnyStatement => {
    return typeof value === 'object' && value !== null && 'parameters' in value && 'text' in value;
  });
}
