import { MAX_PROJECT_ID_LENGTH } from '../domain/project-ids.js';

/** The column with the id of a project. Its order must not depend on the collations of a server's machine, which change. */
export const PROJECT_ID_COLUMN = { type: 'varchar', length: MAX_PROJECT_ID_LENGTH, collation: 'C' } as const;
