import type { ProjectOwnership, ProjectPosition } from '../domain/project-ownership.js';

const PAGE = 100;

/** The ids of all projects of a subject, in their canonical spelling. */
export async function ownedProjectIds(
  projects: Pick<ProjectOwnership, 'listOwnedBy'>,
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
    if (last === undefined || ids.size === known) return [...ids];
    after = { createdAt: last.createdAt, id: String(last.id) };
  }
}
