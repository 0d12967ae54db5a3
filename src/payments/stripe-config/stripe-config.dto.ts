import { recordOf, renamedRecordOf } from '../common/record-of.js';
import { MAX_LENGTH } from '../domain/credential-rules.js';
import {
  CREDENTIAL_FIELDS,
  MODES,
  describeCredential,
  type CredentialField,
  type Mode,
} from '../domain/credentials.js';
import type { ValidationItem } from '../domain/errors.js';
import {
  PROJECT_ID,
  IS_ACTIVE_CONFIG,
  EXAMPLE_TIME,
  configuredAt,
  hasCredentials,
} from '../http/openapi/api-documentation.js';
import { schemaClass } from '../http/openapi/schema-class.js';
import type { StripeConfigView } from './stripe-config.view.js';

/** What a PUT brings: a credential that is absent or null stays as it is stored. */
export type StripeConfigRequest = Partial<Record<CredentialField, string | null>>;

export const StripeConfigRequest = schemaClass<Required<StripeConfigRequest>>(
  'StripeConfigRequest',
  { description: 'Request to create/update Stripe configuration.', additionalProperties: false },
  recordOf(CREDENTIAL_FIELDS, (field) => {
    const { description, visibility, source, example } = describeCredential(field);
    return {
      type: String,
      required: false,
      nullable: true,
      maxLength: MAX_LENGTH,
      description: `${description}${visibility === 'public' ? ', no secret' : ''}. In Stripe’s Dashboard: ${source}`,
      example,
    };
  }),
);

/** A configuration as its owner sees it. */
export type StripeConfigResponse = Omit<StripeConfigView, 'version' | 'updated_at'> &
  Record<`has_${Mode}_credentials`, boolean> & { updated_at: Date | null };

export const StripeConfigResponse = schemaClass<StripeConfigResponse>(
  'StripeConfigResponse',
  { description: 'Stripe configuration response with masked credentials.' },
  {
    id: {
      type: String,
      format: 'uuid',
      description: 'The unique identifier of the configuration',
      example: '770e8400-e29b-41d4-a716-446655440000',
    },
    project_id: PROJECT_ID,
    is_active: IS_ACTIVE_CONFIG,
    ...renamedRecordOf(MODES, (mode) => `has_${mode}_credentials`, hasCredentials),
    ...renamedRecordOf(
      CREDENTIAL_FIELDS,
      (field) => `${field}_masked`,
      (field) => ({
        type: String,
        required: false,
        nullable: true,
        example: describeCredential(field).maskExample,
        description: 'Prefix and last four characters; null when not stored',
      }),
    ),
    ...renamedRecordOf(MODES, (mode) => `${mode}_configured_at`, configuredAt),
    created_at: {
      type: String,
      format: 'date-time',
      description: 'When the configuration was created',
      example: EXAMPLE_TIME,
    },
    updated_at: {
      type: String,
      required: false,
      format: 'date-time',
      nullable: true,
      example: EXAMPLE_TIME,
      description: 'The last change; equal to created_at until there is one',
    },
  },
);

/** What 422 lists where a live key is sent as one of the test mode. */
export const WRONG_MODE: ValidationItem = {
  loc: ['body', 'test_secret_key'],
  msg: 'This is a live secret key; it belongs in live_secret_key. Expected sk_test_ or rk_test_ or rkcs_test_.',
  type: 'wrong_mode',
};

/** Requests that the explorer offers; none of the keys is one. */
export const REQUEST_EXAMPLES = {
  test: { summary: 'Configure the test mode', value: examplesOf('test') },
  live: { summary: 'Add the live mode, with a restricted key', value: examplesOf('live') },
};

function examplesOf(mode: Mode): StripeConfigRequest {
  const fields = CREDENTIAL_FIELDS.filter((field) => describeCredential(field).mode === mode);
  return recordOf(fields, (field) => describeCredential(field).example);
}
