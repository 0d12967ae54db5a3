import type { Run } from '../database/run-statement.js';
import { FOREIGN_MASK } from '../domain/credential-rules.js';
import type { CredentialField } from '../domain/credentials.js';
import { PaymentsError, ValidationFailed } from '../domain/errors.js';
import { FIND, FIND_REMOVED } from './stripe-config.statements.js';
import { toView, type StripeConfigView } from './stripe-config.view.js';

/** The configuration of a project, as the transaction sees it. */
export async function findIn(run: Run, projectId: string): Promise<StripeConfigView | null> {
  const [row] = await run('read', FIND, { project_ids: [projectId] });
  return row === undefined ? null : toView(row);
}

/** @throws PaymentsError `project_not_found` when the project was removed */
export async function requireNotRemoved(run: Run, projectId: string): Promise<void> {
  const removed = await run('read', FIND_REMOVED, { project_id: projectId });
  if (removed.length > 0) throw new PaymentsError('project_not_found', 'This project was removed.');
}

/**
 * A mask means "unchanged" only where it is the mask stored now.
 *
 * @throws ValidationFailed naming every other one
 */
export function requireStored(
  stored: StripeConfigView | null,
  masks: ReadonlyMap<CredentialField, string>,
): void {
  const foreign = [...masks].filter(([field, mask]) => stored?.[`${field}_masked`] !== mask);
  if (foreign.length === 0) return;
  throw new ValidationFailed(foreign.map(([field]) => ({ loc: ['body', field], ...FOREIGN_MASK })));
}
