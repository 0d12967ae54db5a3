import type { Feature } from '../feature.js';
import { ProjectListController } from './project-list.controller.js';

export const projectList: Feature = { controllers: [ProjectListController] };
