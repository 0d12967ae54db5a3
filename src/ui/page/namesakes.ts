import type { ListedProject } from './projects-api.js';

/** How many characters of an id are shown. */
const ID_CHARACTERS = 8;

type Named = Pick<ListedProject, 'id' | 'name' | 'description'>;

/**
 * What tells a project from others of the same name: its description, or the first characters of its id where that is missing or
 * the same.
 *
 * @returns nothing where the name alone does
 */
export function namesakeNote({ id, name, description }: Named, all: readonly Named[]): string[] {
  const namesakes = all.filter((other) => other.id !== id && other.name === name);
  if (namesakes.length === 0) return [];
  const isTelling = description !== null && namesakes.every((other) => other.description !== description);
  return [isTelling ? description : id.slice(0, ID_CHARACTERS)];
}
