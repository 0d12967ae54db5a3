/** The application that a wrapped key is bound to. */
const APPLICATION = 'nest-stripe-config';

/**
 * What AWS KMS authenticates with a wrapped key, so that it does not open under another id or for another
 * application. No secret: AWS writes it into its audit log.
 */
export function encryptionContext(keyId: string): Record<string, string> {
  return { application: APPLICATION, kid: keyId };
}

/** The same for services that authenticate bytes. */
export function associatedData(keyId: string): Buffer {
  return Buffer.from(`application=${APPLICATION},kid=${keyId}`);
}
