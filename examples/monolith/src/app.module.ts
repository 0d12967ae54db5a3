import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PaymentsModule } from 'nest-stripe-config';
import { paymentsEntities } from 'nest-stripe-config/typeorm';
import { paymentsMigrations } from 'nest-stripe-config/migrations';
import { CreateTables1760000000000 } from './1760000000000-create-tables.js';
import { CheckoutController, Payments } from './checkout.js';
import { databaseUrl } from './database.js';
import { Order, Project, User } from './entities.js';
import { Projects } from './projects.js';
import { SessionGuard } from './session.guard.js';
import { SettingsPageController } from './settings-page.js';
import { KEY_RING_FILE, PUBLIC_BASE_URL, STRIPE_API_BASE } from './settings.js';

@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      useFactory: async () => ({
        type: 'postgres' as const,
        url: await databaseUrl(),
        entities: [User, Project, Order, ...paymentsEntities],
        migrations: [CreateTables1760000000000, ...paymentsMigrations],
        migrationsRun: true,
        synchronize: false,
        uuidExtension: 'pgcrypto' as const,
      }),
    }),
    TypeOrmModule.forFeature([Project, Order]),
    PaymentsModule.forRootAsync({
      useFactory: () => ({
        keyRing: KEY_RING_FILE,
        projects: Projects,
        auth: { guard: SessionGuard },
        publicBaseUrl: PUBLIC_BASE_URL,
        stripeApiBase: STRIPE_API_BASE,
      }),
    }),
  ],
  controllers: [CheckoutController, SettingsPageController],
  providers: [Payments, Projects, SessionGuard],
})
export class AppModule {}
