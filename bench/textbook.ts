// What a user would write instead: Nest as its documentation teaches it, with Express, repositories of TypeORM, the stock
// ValidationPipe and passport-jwt. It verifies the token, asks who owns the project, validates by decorators, seals, and saves.
import { createCipheriv, createSecretKey, randomBytes } from 'node:crypto';
import {
  Body,
  Controller,
  ForbiddenException,
  Get,
  Injectable,
  Module,
  Param,
  ParseUUIDPipe,
  Put,
  UseGuards,
  ValidationPipe,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ExtractJwt, Strategy } from 'passport-jwt';
import {
  Column,
  CreateDateColumn,
  Entity,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  Repository,
  UpdateDateColumn,
} from 'typeorm';

const sealing = createSecretKey(randomBytes(32));

@Entity('projects')
class Project {
  @PrimaryGeneratedColumn('uuid') id!: string;
  @Column('varchar') owner_id!: string;
  @Column('boolean') is_active!: boolean;
}

/** `bench/run.js` makes its table. */
@Entity('textbook_configs')
class Config {
  @PrimaryColumn('uuid') project_id!: string;
  @Column('text', { nullable: true }) test_secret_key!: string | null;
  @Column('text', { nullable: true }) test_publishable_key!: string | null;
  @Column('text', { nullable: true }) test_webhook_secret!: string | null;
  @Column('text', { nullable: true }) live_secret_key!: string | null;
  @Column('text', { nullable: true }) live_publishable_key!: string | null;
  @Column('text', { nullable: true }) live_webhook_secret!: string | null;
  @Column('jsonb', { default: {} }) masks!: Record<string, string>;
  @CreateDateColumn({ type: 'timestamptz' }) created_at!: Date;
  @UpdateDateColumn({ type: 'timestamptz' }) updated_at!: Date;
}

const FIELDS = [
  'test_secret_key',
  'test_publishable_key',
  'test_webhook_secret',
  'live_secret_key',
  'live_publishable_key',
  'live_webhook_secret',
] as const;

class ConfigRequest {
  @IsOptional() @IsString() @MaxLength(512) @Matches(/^[sr]k_test_/) test_secret_key?: string;
  @IsOptional() @IsString() @MaxLength(512) @Matches(/^pk_test_/) test_publishable_key?: string;
  @IsOptional() @IsString() @MaxLength(512) @Matches(/^whsec_/) test_webhook_secret?: string;
  @IsOptional() @IsString() @MaxLength(512) @Matches(/^[sr]k_live_/) live_secret_key?: string;
  @IsOptional() @IsString() @MaxLength(512) @Matches(/^pk_live_/) live_publishable_key?: string;
  @IsOptional() @IsString() @MaxLength(512) @Matches(/^whsec_/) live_webhook_secret?: string;
}

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: process.env.AUTH_JWT_SECRET ?? '',
      algorithms: ['HS256'],
    });
  }

  validate({ sub }: { sub: string }): { id: string } {
    return { id: sub };
  }
}

interface OwnedRequest {
  user: { id: string };
  params: { project_id: string };
}

@Injectable()
class OwnerGuard implements CanActivate {
  constructor(@InjectRepository(Project) private readonly projects: Repository<Project>) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { user, params } = context.switchToHttp().getRequest<OwnedRequest>();
    const project = await this.projects.findOne({ where: { id: params.project_id, is_active: true } });
    if (project?.owner_id !== user.id) throw new ForbiddenException();
    return true;
  }
}

@Injectable()
class ConfigService {
  constructor(@InjectRepository(Config) private readonly configs: Repository<Config>) {}

  find(project_id: string): Promise<Config | null> {
    return this.configs.findOne({ where: { project_id } });
  }

  async update(project_id: string, request: ConfigRequest): Promise<Config> {
    const config = (await this.find(project_id)) ?? this.configs.create({ project_id, masks: {} });
    for (const field of FIELDS) {
      const value = request[field];
      if (value === undefined) continue;
      config[field] = seal(value);
      config.masks = {
        ...config.masks,
        [field]: `${value.split('_').slice(0, -1).join('_')}_...${value.slice(-4)}`,
      };
    }
    return this.configs.save(config);
  }
}

function seal(value: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', sealing, iv);
  return Buffer.concat([iv, cipher.update(value), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

@Controller('api/v1/payments/stripe/projects/:project_id/config')
@UseGuards(AuthGuard('jwt'), OwnerGuard)
class ConfigController {
  constructor(private readonly configs: ConfigService) {}

  @Get()
  async find(@Param('project_id', ParseUUIDPipe) projectId: string): Promise<object | null> {
    return toResponse(await this.configs.find(projectId));
  }

  @Put()
  async update(
    @Param('project_id', ParseUUIDPipe) projectId: string,
    @Body() body: ConfigRequest,
  ): Promise<object | null> {
    return toResponse(await this.configs.update(projectId, body));
  }
}

function toResponse(config: Config | null): object | null {
  if (config === null) return null;
  const { project_id, masks, created_at, updated_at } = config;
  return {
    project_id,
    has_test_credentials: config.test_secret_key !== null,
    has_live_credentials: config.live_secret_key !== null,
    ...Object.fromEntries(FIELDS.map((field) => [`${field}_masked`, masks[field] ?? null])),
    created_at,
    updated_at,
  };
}

@Module({
  imports: [
    PassportModule,
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL ?? '',
      entities: [Project, Config],
    }),
    TypeOrmModule.forFeature([Project, Config]),
  ],
  controllers: [ConfigController],
  providers: [ConfigService, JwtStrategy],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: false });
app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
process.stdout.write(`listening at ${await app.getUrl()}\n`);
