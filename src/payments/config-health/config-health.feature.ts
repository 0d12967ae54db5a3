import type { Feature } from '../feature.js';
import { ConfigHealthController } from './config-health.controller.js';
import { ConfigHealthService } from './config-health.service.js';

export const configHealth: Feature = {
  controllers: [ConfigHealthController],
  providers: [ConfigHealthService],
};
