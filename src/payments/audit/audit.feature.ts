import type { Feature } from '../feature.js';
import { AuditService } from './audit.service.js';
import { HistoryController } from './history.controller.js';

export const audit: Feature = {
  controllers: [HistoryController],
  providers: [AuditService],
};
