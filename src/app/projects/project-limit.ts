/** Injection token of how many projects one owner may have. */
export const MAX_PROJECTS_PER_OWNER = Symbol('MaxProjectsPerOwner');
/** The default: as many as a list returns to clients that do not page. */
export const USUAL_MAX_PROJECTS_PER_OWNER = 250;
