import { PaymentsError } from '../../payments/domain/errors.js';
import { isEnough, type ProjectRole } from '../../payments/domain/project-access.js';
import { insufficientRole } from '../../payments/http/access/project-ownership.guard.js';

/**
 * Why somebody may make no token for some projects; undefined: they may. What is wrong first is what they see least of.
 *
 * @param roles theirs in each project; null or undefined where they have none: another's project and none are the same to who asks
 */
export function accessRefusal(
  roles: readonly (ProjectRole | null | undefined)[],
  needed: ProjectRole,
): PaymentsError | undefined {
  const missing = roles.findIndex((role) => (role ?? null) === null);
  if (missing >= 0) {
    const none = new PaymentsError('project_not_found', 'You have no such project, or it is inactive.');
    return refusalIn(missing, roles.length, none);
  }
  const forbidden = roles.findIndex((role) => !role || !isEnough(role, needed));
  return forbidden >= 0 ? refusalIn(forbidden, roles.length, insufficientRole(needed)) : undefined;
}

/** The refusal of the first project that has no room for another token. */
export function noRoomIn(hasRoom: readonly boolean[]): PaymentsError {
  return refusalIn(
    hasRoom.indexOf(false),
    hasRoom.length,
    new PaymentsError(
      'service_token_limit_reached',
      'The project has as many service tokens as it may have; revoke one first.',
    ),
  );
}

/** Says which project it is, where there are several. */
function refusalIn(index: number, count: number, { code, message }: PaymentsError): PaymentsError {
  return new PaymentsError(code, count > 1 ? `In project_ids[${index}]: ${message}` : message);
}
