import * as v from 'valibot';

/** A key of AWS KMS. Prefer the key's full ARN: an alias that is later pointed elsewhere no longer unwraps. */
export interface AwsKmsKey {
  service: 'aws-kms';
  /** ARN of a key or alias, `alias/…`, or a key id. */
  key: string;
  /** Default: that of the ARN, or else of the AWS client's own chain. */
  region?: string;
  /** Default: the region's own. */
  endpoint?: string;
}

/** A key of Google Cloud KMS, for symmetric encryption. */
export interface GcpKmsKey {
  service: 'gcp-kms';
  /** `projects/…/locations/…/keyRings/…/cryptoKeys/…`, without a version. */
  key: string;
  /** Scheme and host. Default: Google's own. */
  endpoint?: string;
}

/** A key of the transit engine of HashiCorp Vault (1.13 or newer) or OpenBao; of an AEAD type, not derived. */
export interface VaultTransitKey {
  service: 'vault-transit';
  /** Where Vault is, as in VAULT_ADDR. */
  address: string;
  /** Where the transit engine is mounted, such as `transit`. */
  mount: string;
  key: string;
}

/** A key of a key service: what wraps a key of the ring. */
export type KeyServiceKey = AwsKmsKey | GcpKmsKey | VaultTransitKey;

/** Names of the key services, as in the key ring file. */
export type KeyServiceName = KeyServiceKey['service'];

/** A key of the ring as a key service wrapped it. */
export type WrappedKey = KeyServiceKey & {
  /** Base64; of Vault its own form `vault:v1:…`. */
  ciphertext: string;
};

/** Longest ciphertext of any of the services for 32 bytes, with room to spare, in characters. */
const MAX_CIPHERTEXT = 8192;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const CIPHERTEXT: Readonly<Record<KeyServiceName, RegExp>> = {
  'aws-kms': BASE64,
  'gcp-kms': BASE64,
  'vault-transit': /^vault:v\d{1,9}:[A-Za-z0-9+/]+={0,2}$/,
};

const AWS_KEY =
  /^(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(?:key\/[A-Za-z0-9-]+|alias\/[\w/-]+)|alias\/[\w/-]+|[A-Za-z0-9-]+)$/;
const GCP_KEY = /^projects\/[\w.:-]+\/locations\/[\w-]+\/keyRings\/[\w-]+\/cryptoKeys\/[\w-]+$/;
/** One segment of a path that no server reads as `.` or `..`. */
const VAULT_NAME = /^\w(?:[\w.-]*\w)?$/;

const KEY_SERVICE_KEY = v.variant('service', [
  v.object({
    service: v.literal('aws-kms'),
    key: textOf(AWS_KEY),
    region: v.optional(textOf(/^[a-z0-9-]+$/)),
    endpoint: v.optional(textOf(/./)),
  }),
  v.object({
    service: v.literal('gcp-kms'),
    key: textOf(GCP_KEY),
    endpoint: v.optional(textOf(/^https?:\/\/[^/?#]+\/?$/)),
  }),
  v.object({
    service: v.literal('vault-transit'),
    key: textOf(VAULT_NAME),
    address: v.string(),
    mount: v.pipe(
      v.string(),
      v.check((mount) => mount.split('/').every((segment) => VAULT_NAME.test(segment))),
    ),
  }),
]);

function textOf(form: RegExp) {
  return v.pipe(v.string(), v.regex(form));
}

/** Whether a value is a wrapped key of a known service, in every part. */
export function isWrappedKey(value: unknown): value is WrappedKey {
  if (!isKeyServiceKey(value) || !('ciphertext' in value)) return false;
  const { ciphertext } = value;
  return typeof ciphertext === 'string' && isCiphertext(value.service, ciphertext);
}

/** Whether a text has the form of the service's ciphertexts. */
export function isCiphertext(service: KeyServiceName, text: string): boolean {
  return text.length <= MAX_CIPHERTEXT && CIPHERTEXT[service].test(text);
}

/** Whether a value names a key of a known service, in every part; addresses are validated where they are used. */
export function isKeyServiceKey(value: unknown): value is KeyServiceKey {
  return v.is(KEY_SERVICE_KEY, value);
}
