import type { Feature } from '../feature.js';
import { DataErasure } from './data-erasure.js';
import { ProjectRemoval } from './project-removal.js';

export const projectRemoval: Feature = {
  providers: [ProjectRemoval, DataErasure],
  exports: [ProjectRemoval, DataErasure],
};
