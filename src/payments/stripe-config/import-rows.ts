import { FOREIGN_MASK } from '../domain/credential-rules.js';
import { ValidationFailed } from '../domain/errors.js';
import type { ProjectIds } from '../domain/project-ids.js';
import { readCredentials, type CredentialChanges } from './credential-changes.js';

/** What a source gives: a project, and the credentials by the names of the API; empty ones are left out. */
export interface ImportRow {
  /** Its place in the source, from 1. */
  row: number;
  project_id: unknown;
  credentials: Record<string, unknown>;
}

/** Why a row was not stored. It names fields, never a value. */
export interface RowFault {
  row: number;
  /** Left out where the project's id itself is wrong, since a credential may stand in its place. */
  project_id?: string;
  causes: string[];
}

/** A row whose values may be stored. */
export interface ReadRow {
  row: number;
  projectId: string;
  secrets: CredentialChanges['secrets'];
}

/** Validates a row, and lists all that is wrong with it. */
export function readRow(
  { row, project_id, credentials }: ImportRow,
  projectIds: ProjectIds,
): ReadRow | RowFault {
  const causes: string[] = [];
  const projectId = projectIds.find(project_id);
  if (projectId === undefined) causes.push(`project_id: it must be ${projectIds.words}`);
  const given = Object.entries(credentials).filter(([, value]) => value !== null && value !== '');
  try {
    const { secrets, masks } = readCredentials(Object.fromEntries(given));
    for (const field of masks.keys()) causes.push(`${field}: ${FOREIGN_MASK.msg}`);
    if (projectId !== undefined && causes.length === 0) return { row, projectId, secrets };
  } catch (error) {
    if (!(error instanceof ValidationFailed)) throw error;
    causes.push(...error.items.map(({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`));
  }
  return { row, ...(projectId !== undefined && { project_id: projectId }), causes };
}

/** What is reported of a row that is not stored for reasons beyond itself. */
export function faultOf({ row, projectId }: ReadRow, ...causes: string[]): RowFault {
  return { row, project_id: projectId, causes };
}
