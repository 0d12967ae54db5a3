import type { Feature } from '../feature.js';
import { ContentsErasure } from './contents-erasure.js';
import { DataErasure } from './data-erasure.js';
import { ProjectRemoval } from './project-removal.js';

export const projectRemoval: Feature = {
  providers: [ProjectRemoval, DataErasure, ContentsErasure],
  exports: [ProjectRemoval, DataErasure],
};
