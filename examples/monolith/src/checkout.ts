import {
  BadRequestException,
  Body,
  ConflictException,
  Controller,
  Get,
  Injectable,
  NotFoundException,
  Param,
  ParseUUIDPipe,
  Post,
  UseGuards,
} from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { isUUID } from 'class-validator';
import {
  OnStripeEvent,
  StripeClients,
  StripeCredentialsError,
  type StripeEventContext,
  type StripeEventOf,
} from 'nest-stripe-config';
import { Repository, type EntityManager } from 'typeorm';
import { Order } from './entities.js';
import { SessionGuard } from './session.guard.js';

/** What customers of a project buy. */
@Controller()
@UseGuards(SessionGuard)
export class CheckoutController {
  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    private readonly stripeClients: StripeClients,
  ) {}

  /** Makes an order, and a payment for it in the Stripe account of the project. */
  @Post('checkout/:projectId')
  async checkout(@Param('projectId', ParseUUIDPipe) projectId: string, @Body() body: { amount?: unknown }) {
    const { amount } = body;
    if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount < 1) {
      throw new BadRequestException('amount must be a whole number of cents');
    }
    const project_id = projectId.toLowerCase();
    const [stripe, publishableKey] = await Promise.all([
      this.stripeClients.forProject(project_id, 'test'),
      this.stripeClients.publishableKey(project_id, 'test'),
    ]).catch(notSelling);
    const order = await this.orders.save(this.orders.create({ project_id, amount }));
    const payment = await stripe.paymentIntents.create(
      { amount, currency: 'eur', metadata: { order: order.id } },
      { idempotencyKey: order.id },
    );
    await this.orders.update(order.id, { payment_intent: payment.id });
    return { order: order.id, clientSecret: payment.client_secret, publishableKey };
  }

  @Get('orders/:id')
  async order(@Param('id', ParseUUIDPipe) id: string) {
    const order = await this.orders.findOneBy({ id });
    if (order === null) throw new NotFoundException();
    return { order: order.id, amount: order.amount, paid: order.paid_at !== null };
  }
}

function notSelling(error: unknown): never {
  if (error instanceof StripeCredentialsError)
    throw new ConflictException('this project takes no payments yet');
  throw error;
}

/** Marks orders as paid when Stripe says so. */
@Injectable()
export class Payments {
  @OnStripeEvent('payment_intent.succeeded')
  async onPaid(
    event: StripeEventOf<'payment_intent.succeeded'>,
    { projectId, transaction }: StripeEventContext<EntityManager>,
  ): Promise<void> {
    // The order is found by what was sent with the payment: the event may come before its id was stored.
    const { order } = event.data.object.metadata;
    // The account may take payments that were not made here.
    if (!isUUID(order)) return;
    await transaction.update(Order, { id: order, project_id: projectId }, { paid_at: new Date() });
  }
}
