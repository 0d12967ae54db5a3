import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ErrorFilter } from '../payments/http/errors/error.filter.js';
import { PaymentsModule } from '../payments/payments.module.js';
import type { PaymentsModuleOptions } from '../payments/options/payments.options.js';
import { dataSourceOptions } from './data-source.js';
import { DatabaseConnection, logLostConnection } from './database-connection.js';
import { Draining } from './draining.js';
import { EventLog } from './event-log.js';
import { HealthController } from './health/health.controller.js';
import { SECURITY_SCHEMES } from './openapi.js';
import { ProjectModule } from './projects/project.module.js';
import { USUAL_MAX_PROJECTS_PER_OWNER } from './projects/project-limit.js';
import { ProjectService } from './projects/project.service.js';

/** The parts of the standalone service that its settings name, opened. */
export interface AppParts extends Omit<PaymentsModuleOptions, 'projects'> {
  databaseUrl: string;
  /** Default: 250. */
  maxProjectsPerOwner?: number;
}

@Module({})
export class AppModule {
  static with({
    databaseUrl,
    maxProjectsPerOwner = USUAL_MAX_PROJECTS_PER_OWNER,
    ...payments
  }: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [
        // Opened by DatabaseConnection: a database that is down must not keep the service from starting.
        TypeOrmModule.forRoot({
          ...dataSourceOptions(databaseUrl, logLostConnection, payments.limits?.eventsAtOnce),
          manualInitialization: true,
        }),
        ProjectModule.with(maxProjectsPerOwner),
        // Its access rules apply to the service's own routes as well.
        {
          ...PaymentsModule.forRoot({
            ...payments,
            projects: ProjectService,
            openApiSecurity: Object.values(SECURITY_SCHEMES),
          }),
          global: true,
        },
      ],
      controllers: [HealthController],
      // Malformed requests and unknown addresses never reach a controller's own filter.
      providers: [DatabaseConnection, Draining, EventLog, { provide: APP_FILTER, useClass: ErrorFilter }],
    };
  }
}
