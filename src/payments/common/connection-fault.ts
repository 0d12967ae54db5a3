import { types } from 'node:util';
import { ExplainedError } from '../domain/explained-error.js';
import { innerErrorOf } from './inner-error.js';

const UNKNOWN_AUTHORITY =
  'its certificate is of no authority that this process trusts; set NODE_EXTRA_CA_CERTS to a file with the certificate of that authority, and start again';

/** Why a certificate is not trusted, with the fix, by the codes of OpenSSL and Node. */
const CERTIFICATES: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'its certificate has expired; let it be renewed, or correct the clock of this machine',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; correct the clock of this machine',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'its certificate is for another host; correct the address, or the certificate',
};

/** Why a connection failed. */
export interface ConnectionFault {
  /** A code of the system, of TLS or of the HTTP client. */
  code: string | undefined;
  /** About a certificate that is not trusted, with the fix. */
  certificate: string | undefined;
}

/** Finds why a connection failed, whatever clients wrap it in. */
export function connectionFaultOf(error: unknown): ConnectionFault {
  let code: string | undefined;
  for (let each = error; types.isNativeError(each) || each instanceof Error; each = innerErrorOf(each)) {
    if ('code' in each && typeof each.code === 'string' && /^[A-Z_]{1,40}$/.test(each.code)) code = each.code;
  }
  return { code, certificate: code === undefined ? undefined : CERTIFICATES[code] };
}

/** What to log about a failed connection: the fix where a certificate is not trusted, and the codes. */
export function explainConnection(error: unknown): unknown {
  const { certificate } = connectionFaultOf(error);
  return certificate === undefined ? error : new ExplainedError(certificate, { cause: error });
}
