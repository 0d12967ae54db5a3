/** For applications that use Drizzle: `nest-stripe-config/drizzle`. */
export {
  drizzleDatabase,
  type DrizzleTransaction,
  type HostDrizzle,
} from './payments/database/drizzle-database.js';
export type { AdaptedDatabase } from './payments/database/database.js';
