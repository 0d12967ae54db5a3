/** For applications that use TypeORM: `nest-stripe-config/typeorm`. */
export { paymentsEntities } from './payments/schema/payments.entities.js';
export { paymentsMigrations } from './payments/schema/migrations/index.js';
