/** The address of a project's settings within the page; it is in the hash, so that no server sees it. */
export function addressOf(projectId: string): string {
  return `#/projects/${encodeURIComponent(projectId)}`;
}

/** The project that a hash is of; undefined: the list of all. */
export function projectOf(hash: string): string | undefined {
  const id = /^#\/projects\/([^/]+)$/.exec(hash)?.[1];
  try {
    return id === undefined ? undefined : decodeURIComponent(id);
  } catch {
    return undefined;
  }
}
