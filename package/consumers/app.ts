import { createSecretKey } from 'node:crypto';
import { Controller, Get, Injectable, Module, Param } from '@nestjs/common';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  OnStripeEvent,
  PaymentsModule,
  ProjectAccess,
  StripeClients,
  type OwnedProjects,
  type StripeConfigEvent,
  type StripeEventContext,
  type StripeEventOf,
} from 'nest-stripe-config';
import { paymentsEntities } from 'nest-stripe-config/typeorm';
import { paymentsMigrations } from 'nest-stripe-config/migrations';

const { DATABASE_URL = '', KEY_RING_FILE = '', AUTH_SECRET = '', STRIPE_API_BASE } = process.env;

/** One person owns every project. */
@Injectable()
class Projects extends ProjectAccess {
  findOwner(): Promise<string | undefined> {
    return Promise.resolve('alice');
  }

  listOwnedBy(): Promise<OwnedProjects> {
    return Promise.resolve({ projects: [], total: 0 });
  }
}

/** Remembers the invoices that were paid. */
@Injectable()
class Invoices {
  readonly paid: string[] = [];

  @OnStripeEvent('invoice.paid')
  onPaid(event: StripeEventOf<'invoice.paid'>, { projectId, mode }: StripeEventContext): void {
    this.paid.push(`${projectId} ${mode} ${event.data.object.id} ${event.data.object.amount_paid}`);
  }
}

/** Remembers whose keys were changed, and by whom. */
@Injectable()
class Changes {
  readonly told: string[] = [];

  @OnEvent('stripe-config.updated')
  onUpdated({ projectId, version, actor }: StripeConfigEvent): void {
    this.told.push(`${projectId} ${version} ${actor}`);
  }
}

/** What the host does with the module. */
@Controller('host')
class HostController {
  constructor(
    private readonly clients: StripeClients,
    private readonly invoices: Invoices,
    private readonly changes: Changes,
  ) {}

  @Get('balance/:projectId')
  async balance(@Param('projectId') projectId: string): Promise<{ livemode: boolean }> {
    const stripe = await this.clients.forProject(projectId, 'test');
    const { livemode } = await stripe.balance.retrieve();
    return { livemode };
  }

  @Get('paid')
  paid(): string[] {
    return this.invoices.paid;
  }

  @Get('changes')
  changed(): string[] {
    return this.changes.told;
  }
}

/** A host that does as little as a host can. */
@Module({
  imports: [
    EventEmitterModule.forRoot(),
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: DATABASE_URL,
      entities: paymentsEntities,
      migrations: paymentsMigrations,
      migrationsRun: true,
      uuidExtension: 'pgcrypto',
    }),
    PaymentsModule.forRootAsync({
      useFactory: () => ({
        keyRing: KEY_RING_FILE,
        projects: Projects,
        auth: { secret: createSecretKey(Buffer.from(AUTH_SECRET)) },
        publicBaseUrl: 'https://host.example.test',
        stripeApiBase: STRIPE_API_BASE,
      }),
    }),
  ],
  controllers: [HostController],
  providers: [Invoices, Changes],
})
export class AppModule {}
