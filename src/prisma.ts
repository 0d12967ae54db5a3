/** For applications that use Prisma: `nest-stripe-config/prisma`. */
export {
  prismaDatabase,
  type HostPrisma,
  type HostPrismaTransaction,
} from './payments/database/prisma-database.js';
export type { AdaptedDatabase, HostPool } from './payments/database/database.js';
