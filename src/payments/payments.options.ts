import type { KeyObject } from 'node:crypto';
import type { KeyRing } from './crypto/key-ring.js';
import type { ProjectOwnership } from './project-ownership.js';

/** How access tokens are verified: by a shared secret, or by the keys of an identity provider. */
export type AccessTokenOptions = {
  /** A scope that every token must have. Default: none. */
  requiredScope?: string | undefined;
} & (
  | {
      /** HS256, 32 bytes or more. */
      secret: KeyObject;
    }
  | {
      /** The exact `iss` of its tokens. */
      issuer: string;
      /** The `aud` that its tokens must name. */
      audience: string;
      /** Address of its key set. Default: the one that the issuer's metadata names. */
      jwksUri?: string | undefined;
    }
);

/** What the host gives the payments module. */
export interface PaymentsModuleOptions {
  /** The keys that seal credentials. */
  keyRing: KeyRing;
  /** Who owns a project. */
  projects: ProjectOwnership;
  auth: AccessTokenOptions;
}
