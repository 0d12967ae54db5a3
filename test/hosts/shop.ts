import {
  Body,
  Catch,
  Controller,
  Get,
  HttpException,
  Injectable,
  Param,
  Post,
  Req,
  UseGuards,
  ValidationPipe,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { InjectDataSource } from '@nestjs/typeorm';
import { IsInt, IsString } from 'class-validator';
import jsonwebtoken from 'jsonwebtoken';
import { Strategy } from 'passport-jwt';
import {
  Column,
  CreateDateColumn,
  DataSource,
  Entity,
  PrimaryGeneratedColumn,
  type MigrationInterface,
  type QueryRunner,
} from 'typeorm';
import { ProjectAccess, type OwnedProjects, type ProjectPage } from '../../src/index.js';

/** What a host is about: here a project is a shop. */
@Entity('shops')
export class Shop {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('text')
  owner!: string;

  @Column('text')
  name!: string;

  @CreateDateColumn({ type: 'timestamptz' })
  openedAt!: Date;
}

export class CreateShops1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE TABLE shops (
         id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
         owner text NOT NULL,
         name text NOT NULL,
         "openedAt" timestamptz NOT NULL DEFAULT now()
       )`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE shops');
  }
}

/** Lends the shops to the payments module. */
@Injectable()
export class Shops extends ProjectAccess {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  async open(owner: string, name: string): Promise<string> {
    return (await this.dataSource.getRepository(Shop).save({ owner, name })).id;
  }

  override async findOwner(id: string): Promise<string | undefined> {
    return (await this.dataSource.getRepository(Shop).findOneBy({ id }))?.owner;
  }

  override async listOwnedBy(owner: string, { limit, after }: ProjectPage): Promise<OwnedProjects> {
    const shops = this.dataSource.getRepository(Shop);
    const page = shops.createQueryBuilder('shop').where({ owner });
    if (after !== undefined) {
      // Its column has microseconds.
      const position = 'SELECT a."openedAt", a.id FROM shops a WHERE a.id = :id';
      page.andWhere(`(shop."openedAt", shop.id) > (${position})`, { id: after.id });
    }
    const found = await page.orderBy('shop.openedAt').addOrderBy('shop.id').limit(limit).getMany();
    const projects = found.map(({ id, name, openedAt }) => ({
      id,
      name,
      description: null,
      isActive: true,
      createdAt: openedAt,
    }));
    return { projects, total: await shops.countBy({ owner }) };
  }
}

const SHOP_SECRET = 'the host signs its own tokens with this';

/** A token of the host's own, which the payments module knows nothing of. */
export function shopToken(customer: string): string {
  return jsonwebtoken.sign({}, SHOP_SECRET, { subject: customer });
}

/** The host's own strategy, under the name that most hosts use. */
@Injectable()
export class ShopStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor() {
    super({
      jwtFromRequest: (request: { headers: Record<string, string | undefined> }) =>
        request.headers.authorization?.replace('Bearer ', '') ?? null,
      secretOrKey: SHOP_SECRET,
    });
  }

  validate({ sub }: { sub: string }): { customer: string } {
    return { customer: sub };
  }
}

class Order {
  @IsString()
  article!: string;

  @IsInt()
  count!: number;
}

/** What a handler of the host has got of a request's body. */
interface Received {
  body: unknown;
  rawBody: string | null;
}

interface ShopRequest {
  body?: unknown;
  rawBody?: Buffer;
  user?: unknown;
}

function received({ body, rawBody }: ShopRequest): Received {
  return { body, rawBody: rawBody?.toString() ?? null };
}

/** The host's own routes. */
@Controller('orders')
export class OrderController {
  @Post()
  order(@Body() order: Order, @Req() request: ShopRequest): Received {
    return { ...received(request), body: order };
  }

  @Get('mine')
  @UseGuards(AuthGuard('jwt'))
  mine(@Req() request: ShopRequest): unknown {
    return request.user;
  }

  @Get('broken')
  broken(): never {
    throw new Error('this shop is broken');
  }
}

@Controller({ path: 'catalog', version: '2' })
export class CatalogController {
  @Get()
  list(): unknown {
    return { articles: ['tea'] };
  }
}

/** Routes of the host whose addresses look like those of the payments module. */
@Controller()
export class NeighbourController {
  @Post('api/v1/payments/stripe/refunds')
  refund(@Req() request: ShopRequest): Received {
    return received(request);
  }

  @Post('api/v1/payments/stripe/projects/:project_id/config/notes')
  note(@Req() request: ShopRequest): Received {
    return received(request);
  }

  @Post('mirror/api/v1/payments/stripe/webhooks/:project_id/:mode')
  mirror(@Param('mode') _mode: string, @Req() request: ShopRequest): Received {
    return received(request);
  }
}

/** Validates everything that it can, and says so in its own way. */
export function strictPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    transformOptions: { enableImplicitConversion: true },
    validateCustomDecorators: true,
    exceptionFactory: (errors) =>
      new HttpException({ shop_refuses: errors.map(({ property }) => property) }, 409),
  });
}

/** Answers everything in its own way. */
@Catch()
export class ShopFilter implements ExceptionFilter {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const isHttp = error instanceof HttpException;
    const status = isHttp ? error.getStatus() : 500;
    const why = isHttp ? error.getResponse() : 'broken';
    this.adapterHost.httpAdapter.reply(
      host.switchToHttp().getResponse(),
      { shop_error: status, why },
      status,
    );
  }
}
