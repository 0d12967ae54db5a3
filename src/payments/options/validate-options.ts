import { KeyObject } from 'node:crypto';
import { KeyRing } from '../crypto/key-ring.js';
import { addressFault, isOrigin } from '../common/http-address.js';
import { databaseOptionFault } from './database-fault.js';
import type { PaymentsModuleExtras, PaymentsModuleOptions } from './payments.options.js';
import { projectIdsFault } from './project-ids-fault.js';
import { RETENTION_FAULT, isRetention } from './retention.js';

const MAX_OVERLAP_HOURS = 168;
/** Shortest secret of access tokens, in bytes: as long as the digest of HS256 (RFC 7518 section 3.2). */
export const MIN_SECRET_BYTES = 32;

type Rule = [isRight: boolean, fault: string];

/**
 * What is wrong with options, by their names, and how to fix each. From JavaScript anything may come, and nothing from a
 * factory that returns none.
 */
export function findFaults(
  options: Partial<PaymentsModuleOptions> | undefined,
  basePath: string,
  extras: PaymentsModuleExtras = {},
): string[] {
  const { keyRing, projects, auth, publicBaseUrl, stripeApiBase, clock, limits } = options ?? {};
  const hours = options?.webhookSecretOverlapHours;
  const { stripeCallsPerMinute = 5, stripeCallsAtOnce = 8, eventsAtOnce = 4 } = limits ?? {};
  const rules: Rule[] = [
    [
      typeof keyRing === 'string'
        ? keyRing !== ''
        : keyRing instanceof KeyRing || keyRing?.ring instanceof KeyRing,
      'keyRing is missing; give a KeyRing or the path of a key ring file, made with "npx nest-stripe-config keys generate FILE"',
    ],
    [
      isClassOrHas(projects, 'findOwner', 'listOwnedBy'),
      'projects is missing; give a ProjectAccess, or your own class that extends it',
    ],
    ...authRules(auth),
    addressRule('publicBaseUrl', publicBaseUrl, 'the https address at which Stripe reaches this application'),
    [
      stripeApiBase === undefined || isOrigin(stripeApiBase),
      'stripeApiBase must be an http or https address without a path; leave it out to use Stripe itself',
    ],
    [
      hours === undefined || (Number.isFinite(hours) && hours >= 0 && hours <= MAX_OVERLAP_HOURS),
      `webhookSecretOverlapHours must be a number from 0 to ${MAX_OVERLAP_HOURS}`,
    ],
    [
      options?.eventRetentionDays === undefined || isRetention(options.eventRetentionDays),
      `eventRetentionDays ${RETENTION_FAULT}`,
    ],
    [
      [undefined, true, false].some((value) => value === options?.eraseEventsOnDelete),
      'eraseEventsOnDelete must be true or false',
    ],
    [
      [stripeCallsPerMinute, stripeCallsAtOnce, eventsAtOnce].every(isCount),
      'limits.stripeCallsPerMinute, limits.stripeCallsAtOnce and limits.eventsAtOnce must be whole numbers above 0',
    ],
    [clock === undefined || typeof clock === 'function', 'clock must be a function like Date.now'],
    [
      /^[\w.~-]+(?:\/[\w.~-]+)*$/.test(basePath),
      'basePath must be a path of letters, digits and - . _ ~, like billing/v1, without parameters',
    ],
    ...extrasRules(options, extras),
    ruleOf(databaseOptionFault(options?.database, extras.dataSource)),
  ];
  return rules.filter(([isRight]) => !isRight).map(([, fault]) => fault);
}

/** What must be known before the application is created, and so cannot come from a factory. */
const EXTRAS = ['basePath', 'projectIds', 'dataSource', 'webhooks', 'openApiSecurity'] as const;

function extrasRules(options: object | undefined, extras: PaymentsModuleExtras): Rule[] {
  const returned = (options ?? {}) as PaymentsModuleExtras;
  const { webhooks } = extras;
  return [
    ruleOf(projectIdsFault(extras.projectIds)),
    [
      webhooks === undefined ||
        typeof webhooks === 'boolean' ||
        (isObject(webhooks) && isObject(webhooks.metadata)),
      'webhooks must be true, false or { metadata } with what your guards read, like { metadata: { isPublic: true } }',
    ],
    ...EXTRAS.map((name): Rule => [
      returned[name] === undefined || returned[name] === extras[name],
      `${name} must be known before the application is created; give it beside useFactory, not in what that returns`,
    ]),
  ];
}

function ruleOf(fault: string | undefined): Rule {
  return [fault === undefined, fault ?? ''];
}

/** One that is only half there would let in whoever has a token: an audience that is undefined is not looked at. */
function authRules(auth: unknown): Rule[] {
  const given = isObject(auth) ? (auth as Record<string, unknown>) : {};
  const kinds = ['guard', 'secret', 'issuer'].filter((kind) => kind in given);
  const { guard, subject, secret, issuer, audience, jwksUri, requiredScope } = given;
  const { audienceClaim, scopeClaims, maxTokenHours } = given;
  if (kinds.length !== 1) {
    const fault =
      'auth must be one of three: { guard } with your own guard, { secret }, or { issuer, audience }';
    return [[false, fault]];
  }
  const scopeRule: Rule = [
    requiredScope === undefined || (isText(requiredScope) && !/\s/.test(requiredScope)),
    'auth.requiredScope must be one scope; leave it out to require none',
  ];
  const tokenRules: Rule[] = [
    scopeRule,
    [
      scopeClaims === undefined || isTexts(scopeClaims),
      'auth.scopeClaims must be a list of names of claims, like ["scope", "scp", "permissions"]',
    ],
    [
      maxTokenHours === undefined || (Number.isFinite(maxTokenHours) && Number(maxTokenHours) > 0),
      'auth.maxTokenHours must be a number of hours above 0',
    ],
  ];
  if (kinds.includes('guard')) {
    return [
      [isClassOrHas(guard, 'canActivate'), 'auth.guard must be a guard, or the class of one'],
      [
        subject === undefined || typeof subject === 'function',
        'auth.subject must be a function that takes the request',
      ],
    ];
  }
  if (kinds.includes('secret')) {
    return [
      [
        secret instanceof KeyObject && (secret.symmetricKeySize ?? 0) >= MIN_SECRET_BYTES,
        `auth.secret must be what createSecretKey of node:crypto gives, of ${MIN_SECRET_BYTES} bytes or more`,
      ],
      ...tokenRules,
    ];
  }
  return [
    addressRule('auth.issuer', issuer, 'the address that tokens have as their "iss"'),
    [
      isText(audience) || isTexts(audience),
      'auth.audience is missing; give the "aud" that tokens for this application have',
    ],
    [
      [undefined, 'aud', 'client_id', 'azp'].some((claim) => claim === audienceClaim),
      'auth.audienceClaim must be aud, client_id or azp',
    ],
    ...(jwksUri === undefined
      ? []
      : [addressRule('auth.jwksUri', jwksUri, 'the address of a key set', { query: true })]),
    ...tokenRules,
  ];
}

function addressRule(name: string, value: unknown, wanted: string, rules?: { query: boolean }): Rule {
  const fault = addressFault(value, wanted, rules);
  return [fault === undefined, `${name} ${fault ?? ''}`];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isClassOrHas(value: unknown, ...methods: string[]): boolean {
  if (typeof value === 'function') return true;
  const members = (value ?? {}) as Record<string, unknown>;
  return methods.every((method) => typeof members[method] === 'function');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isText);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
