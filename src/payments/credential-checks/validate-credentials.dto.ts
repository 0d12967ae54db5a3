import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsNotEmpty, IsString, ValidateBy } from 'class-validator';
import { refusal } from '../http/body/request-body.pipe.js';
import type { ValidationItem } from '../domain/errors.js';
import { PaymentsSchema } from '../http/openapi/schema-class.js';

/** What 422 lists where there is no key. */
export const KEY_MISSING: ValidationItem = {
  loc: ['body', 'secret_key'],
  msg: 'Send the key to try as secret_key.',
  type: 'missing',
};

@PaymentsSchema('ValidateStripeCredentialsRequest', { additionalProperties: false })
export class ValidateStripeCredentialsRequest {
  @ApiProperty({
    minLength: 1,
    description: 'A secret key, or a restricted key; it is tried and not stored',
    example: 'sk_test_example_not_a_key',
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  // Applied from the last to the first.
  @IsNotEmpty(refusal('empty', 'The value is empty; send the key to try.'))
  @IsString(refusal('not_a_string', 'The value must be a text, the key to try.'))
  @ValidateBy(
    { name: 'isPresent', validator: { validate: (value) => value !== undefined } },
    refusal(KEY_MISSING.type, KEY_MISSING.msg),
  )
  secret_key!: string;

  @ApiPropertyOptional({
    type: Boolean,
    default: true,
    description: 'Whether it is a key of the test mode',
    example: true,
  })
  @IsBoolean(refusal('not_a_boolean', 'The value must be true or false.'))
  is_test_mode = true;
}

@PaymentsSchema('ValidateStripeCredentialsResponse')
export class ValidateStripeCredentialsResponse {
  @ApiProperty({ description: 'Whether Stripe accepts the key', example: true })
  valid!: boolean;

  @ApiProperty({
    description: 'What was found, in words of this service; never a piece of the key',
    example: 'Stripe accepts this test key.',
  })
  message!: string;
}

/** A request that the explorer offers; the key is none. */
export const VALIDATE_EXAMPLE = {
  test: {
    summary: 'Try a test key',
    value: { secret_key: 'sk_test_example_not_a_key', is_test_mode: true },
  },
};
