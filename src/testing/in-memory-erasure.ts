import type { ProjectAccess } from '../payments/domain/project-access.js';
import type { DataErasure } from '../payments/project-removal/data-erasure.js';
import { ownedProjectIds } from '../payments/project-removal/owned-project-ids.js';
import type { ProjectRemoval } from '../payments/project-removal/project-removal.js';
import type { PublicOf } from './public-of.js';

/** Stands in for `DataErasure`: removes projects. In memory there are no events and no audit trail to erase. */
export function inMemoryErasure(
  removal: PublicOf<ProjectRemoval>,
  owned: Pick<ProjectAccess, 'listOwnedBy'>,
): PublicOf<DataErasure> {
  return {
    async eraseProject(projectId, change) {
      return { ...(await removal.remove(projectId, change)), events: 0 };
    },
    async eraseOwner(owner, change) {
      const projects = await ownedProjectIds(owned, String(owner));
      for (const id of projects) await removal.remove(id, change);
      return { projects, events: 0, changes: 0, endpointsLeft: [] };
    },
  };
}
