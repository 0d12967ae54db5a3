import type { Feature } from '../feature.js';
import { ProjectRemoval } from './project-removal.js';

export const projectRemoval: Feature = {
  providers: [ProjectRemoval],
  exports: [ProjectRemoval],
};
