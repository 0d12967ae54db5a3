export {
  KeyRing,
  KeyRingError,
  ringKey,
  type KeyState,
  type RetiredKey,
  type RingKey,
} from './payments/crypto/key-ring.js';
export {
  activateKey,
  addKey,
  createKeyRingFile,
  describeKeyRing,
  openKeyRingFile,
  readKeyRingFile,
  retireKey,
  type KeyRingFile,
  type NewKeyOptions,
} from './payments/crypto/key-ring-file.js';
export { parseKeyRing, readKeyRingText } from './payments/crypto/key-ring-text.js';
export type { KeyDescription, KeyRingDescription } from './payments/crypto/open-key-ring-form.js';
export type { KeyServiceOptions } from './payments/crypto/key-services/key-service.js';
export type {
  AwsKmsKey,
  GcpKmsKey,
  KeyServiceKey,
  KeyServiceName,
  VaultTransitKey,
} from './payments/crypto/key-services/wrapped-key.js';
export { Secret } from './payments/crypto/secret.js';
export { ErrorFilter } from './payments/http/errors/error.filter.js';
export { completeDocument } from './payments/http/openapi/complete-document.js';
export type { Caller } from './payments/http/http-request.js';
export { JwtAuthGuard } from './payments/http/access/jwt-auth.guard.js';
export { ProjectOwnershipGuard } from './payments/http/access/project-ownership.guard.js';
export { migrate, migrationSql, pendingMigrations, type MigrateOptions } from './payments/schema/migrate.js';
export { MigrationLockHeld } from './payments/schema/migration-lock-held.js';
export {
  DependencyUnavailable,
  PaymentsError,
  RateLimited,
  StripeCredentialsError,
  ValidationFailed,
  type CredentialsFault,
  type ErrorCode,
  type ValidationCause,
  type ValidationItem,
} from './payments/domain/errors.js';
export { PaymentsHealth, type HealthAnswer } from './payments/health/payments-health.js';
export { PaymentsModule } from './payments/payments.module.js';
export { PaymentsOptionsError } from './payments/options/options-error.js';
export type {
  AdaptedDatabase,
  HostDataSource,
  HostDatabase,
  HostPool,
} from './payments/database/database.js';
export type {
  AccessTokenOptions,
  EventRetentionDays,
  HostAccessOptions,
  PaymentsModuleExtras,
  WebhookRouteOptions,
  PaymentsLimits,
  PaymentsModuleOptions,
} from './payments/options/payments.options.js';
export type { Provided } from './payments/options/provided.js';
export {
  DataErasure,
  type OwnerErasureResult,
  type ProjectErasureResult,
} from './payments/project-removal/data-erasure.js';
export { ProjectRemoval, type ProjectRemovalResult } from './payments/project-removal/project-removal.js';
export {
  PROJECT_ROLES,
  ProjectAccess,
  type AccessibleProject,
  type AccessibleProjects,
  type OwnedProject,
  type OwnedProjects,
  type ProjectRole,
  type ProjectPage,
  type ProjectPosition,
} from './payments/domain/project-access.js';
export { StripeConfigRequest } from './payments/stripe-config/stripe-config.dto.js';
export type { StripeConfigView } from './payments/stripe-config/stripe-config.view.js';
export type { StripeConfigEvent, StripeConfigEventName } from './payments/stripe-config/host-events.js';
export { ProjectStripe } from './payments/stripe-clients/project-stripe.js';
export { StripeClients } from './payments/stripe-clients/stripe-clients.js';
export { StripeConfigService } from './payments/stripe-config/stripe-config.service.js';
export type { Change, HostChange, WrittenChange } from './payments/domain/change.js';
export type { HostId } from './payments/domain/host-id.js';
export type { ProjectIdForm, ProjectIdFormName } from './payments/domain/project-ids.js';
export type {
  CredentialField,
  CredentialKind,
  Mode,
  PreviousField,
  SealedField,
} from './payments/domain/credentials.js';
export type { Preconditions } from './payments/domain/preconditions.js';
export type { StripeClient } from './payments/stripe/client-of.js';
export type {
  AnyStripeEvent,
  StripeEventOf,
  StripeEventPattern,
  StripeEventType,
  StripeThinEvent,
  StripeThinEventType,
} from './payments/stripe/stripe-event-types.js';
export { EventWorker } from './payments/stripe-webhooks/event-worker.js';
export {
  OnStripeEvent,
  StripeEventsOf,
  type StripeEventContext,
  type StripeEventHandler,
} from './payments/stripe-webhooks/on-stripe-event.js';
