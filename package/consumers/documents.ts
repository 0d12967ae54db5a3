import { randomBytes } from 'node:crypto';
import { Controller, Get, Module, Put } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ApiBearerAuth,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiUnprocessableEntityResponse,
  DocumentBuilder,
  SwaggerModule,
} from '@nestjs/swagger';
import { TypeOrmModule } from '@nestjs/typeorm';
import { KeyRing, PaymentsModule, ProjectAccess, completeDocument, ringKey } from 'nest-stripe-config';

/** The host's own, which has the name of one of ours. */
class ErrorResponse {
  @ApiProperty({ type: String })
  reason!: string;
}

/** The host's own, which has the name of one of ours. */
class ValidationError {
  @ApiProperty({ type: [String] })
  fields!: string[];

  @ApiProperty({ type: ErrorResponse })
  error!: ErrorResponse;
}

@Controller('shops')
@ApiBearerAuth('session')
class ShopController {
  @Get()
  @ApiOperation({ summary: 'Get' })
  @ApiOkResponse({ type: String })
  @ApiNotFoundResponse({ type: ErrorResponse })
  getStripeConfig(): string {
    return '';
  }

  @Put()
  @ApiOperation({ summary: 'Put' })
  @ApiOkResponse({ type: String })
  @ApiUnprocessableEntityResponse({ type: ValidationError })
  updateStripeConfig(): string {
    return '';
  }
}

class Projects extends ProjectAccess {
  findOwner(): Promise<string> {
    return Promise.resolve('alice');
  }

  listOwnedBy(): Promise<{ projects: never[]; total: number }> {
    return Promise.resolve({ projects: [], total: 0 });
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({ type: 'postgres', manualInitialization: true }),
    PaymentsModule.forRoot({
      keyRing: new KeyRing([ringKey(randomBytes(32), 'active')]),
      projects: Projects,
      auth: { guard: { canActivate: () => true } },
      publicBaseUrl: 'https://host.example.test',
      openApiSecurity: ['session'],
    }),
  ],
  controllers: [ShopController],
})
class AppModule {}

/** Writes the host's OpenAPI documents to standard output: of each version as it makes them, and completed. */
async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, { logger: false });
  const documents = ['3.0.0', '3.1.0'].flatMap((version) => {
    const config = new DocumentBuilder()
      .setOpenAPIVersion(version)
      .setTitle('Shops')
      .setLicense('MIT', 'https://opensource.org/license/mit')
      .addServer('https://host.example.test')
      .addBearerAuth({ type: 'http' }, 'session')
      .build();
    const document = SwaggerModule.createDocument(app, config, {
      operationIdFactory: (_controller, method) => method,
    });
    return [document, completeDocument(document)];
  });
  process.stdout.write(JSON.stringify(documents));
}

void main();
