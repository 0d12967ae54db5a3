import { HostFault } from '../domain/host-fault.js';
import type { ProjectAccess, ProjectPosition } from '../domain/project-access.js';

const PAGE = 100;

/**
 * The ids of all projects of a subject, in their canonical spelling.
 *
 * @throws HostFault when the list says that there are more than it gives
 */
export async function ownedProjectIds(
  projects: Pick<ProjectAccess, 'listOwnedBy'>,
  subject: string,
): Promise<string[]> {
  const ids = new Set<string>();
  let after: ProjectPosition | undefined;
  for (;;) {
    const known = ids.size;
    const page = await projects.listOwnedBy(subject, { limit: PAGE, after });
    for (const { id } of page.projects) ids.add(String(id));
    const last = page.projects.at(-1);
    // A page that brings nothing new is the last, also of a list that overlooks where a page begins.
    if (last === undefined || ids.size === known) {
      // Who erases a person must not be told that all is done.
      if (page.total > ids.size) throw new HostFault(INCOMPLETE);
      return [...ids];
    }
    after = { createdAt: last.createdAt, id: String(last.id) };
  }
}

const INCOMPLETE =
  'listOwnedBy of projects gave fewer projects of an owner than its total; let it begin each page behind page.after';
