import { AuditEntryEntity } from '../audit/audit-entry.entity.js';
import { CallLimitEntity, ConfigStateEntity } from '../config-health/config-state.entity.js';
import { KeyEntity, ReplicaEntity } from '../key-ring/key.entities.js';
import { LockEntity } from '../database/lock.entity.js';
import { StripeConfigEntity } from '../stripe-config/stripe-config.entity.js';
import { StripeEventEntity } from '../stripe-webhooks/stripe-event.entity.js';
import { WebhookEndpointEntity } from '../webhook-endpoint/webhook-endpoint.entity.js';

/**
 * The entities of the payments module, for the `entities` of the host's DataSource. They are listed here, and not by the
 * features: every command that needs the tables would load all controllers, which doubles its start.
 */
export const paymentsEntities = [
  StripeConfigEntity,
  AuditEntryEntity,
  KeyEntity,
  ReplicaEntity,
  ConfigStateEntity,
  CallLimitEntity,
  StripeEventEntity,
  WebhookEndpointEntity,
  LockEntity,
];
