/** Injection token of how many projects one owner may have. */
export const MAX_PROJECTS_PER_OWNER = Symbol('MaxProjectsPerOwner');
/** How many that is unless a setting says so: as many as a list gives to clients that know no pages. */
export const USUAL_MAX_PROJECTS_PER_OWNER = 250;
