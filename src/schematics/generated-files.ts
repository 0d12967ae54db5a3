/** How the application is written. */
export interface HostForm {
  /** What relative imports end with: `.js` in ES modules. */
  extension: '' | '.js';
  /** Whether it has TypeORM on PostgreSQL, whose data source the module can use. */
  hasTypeOrm: boolean;
}

/** Who owns which project: nobody, until the application's own tables are asked. */
export const PROJECT_ACCESS = `import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ProjectAccess, type OwnedProjects, type ProjectPage } from 'nest-stripe-config';

// TODO Both classes refuse everybody until you fill them in.

/** Lets signed-in callers pass, and leaves their id in request.user.id. */
@Injectable()
export class CallerGuard implements CanActivate {
  canActivate(_context: ExecutionContext): boolean {
    // TODO Use the guard of your own routes here: return true for a caller who is signed in.
    return false;
  }
}

/** Says which projects there are, and who owns them. */
@Injectable()
export class ProjectOwners extends ProjectAccess {
  findOwner(_projectId: string): Promise<string | undefined> {
    // TODO Ask your tables: the id of the owner, undefined where there is no such project.
    return Promise.resolve(undefined);
  }

  listOwnedBy(_subject: string, _page: ProjectPage): Promise<OwnedProjects> {
    // TODO Ask your tables: a page of the owner's projects, oldest first.
    return Promise.resolve({ projects: [], total: 0 });
  }
}
`;

/** The module that the application imports: it has the settings of the environment, and makes the tables. */
export function paymentsSetup({ extension, hasTypeOrm }: HostForm): string {
  return `import { existsSync } from 'node:fs';
import { Module } from '@nestjs/common';
import { PaymentsModule, migrate, parseKeyRing${hasTypeOrm ? ', type HostPool' : ''} } from 'nest-stripe-config';
${hasTypeOrm ? TYPEORM_IMPORT : POOL_IMPORT}
import { CallerGuard, ProjectOwners } from './project-access${extension}';

// Variables that are set already stay as they are.
if (existsSync('.env')) process.loadEnvFile('.env');

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(\`set \${name}, in .env or in the environment\`);
  return value;
}

@Module({
  imports: [
    PaymentsModule.forRootAsync({
${hasTypeOrm ? TYPEORM_FACTORY : POOL_FACTORY}
        return {
          ${hasTypeOrm ? 'database: { dataSource }' : "database: { pool, schema: 'payments' }"},
          keyRing: parseKeyRing(setting('KEY_RING')),
          projects: ProjectOwners,
          auth: { guard: CallerGuard },
          // Where Stripe reaches this application.
          publicBaseUrl: setting('PUBLIC_BASE_URL'),
        };
      },
    }),
  ],
})
export class PaymentsSetupModule {}
`;
}

const POOL_IMPORT = "import { Pool } from 'pg';";
const TYPEORM_IMPORT = "import { DataSource } from 'typeorm';";

const POOL_FACTORY = `      useFactory: async () => {
        const pool = new Pool({ connectionString: setting('DATABASE_URL') });
        await migrate(pool, { schema: 'payments' });`;

const TYPEORM_FACTORY = `      inject: [DataSource],
      useFactory: async (dataSource: DataSource) => {
        // TypeORM's own pool, in which the module's tables are made beside yours.
        await migrate((dataSource.driver as unknown as { master: HostPool }).master);`;
