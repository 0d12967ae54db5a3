import { innerErrorOf } from '../common/inner-error.js';

/** Why a database is unavailable, with the fix, by the codes of PostgreSQL (manual, appendix A), the system and TLS. */
const CAUSES: Readonly<Record<string, string>> = {
  '28P01': 'the database refuses the user or the password; check both in its address',
  '28000':
    'the database refuses this user from here; check the user, and pg_hba.conf or the requirement of TLS',
  '3D000': 'there is no database of that name; make it, or correct the name in its address',
  '3F000': 'there is no schema to make tables in; set search_path for the user, or name a schema',
  '42501': 'its user lacks a right; grant it what the migrations and the service need',
  '42P01': 'a table is missing; run the migrations',
  '53300': 'the database has no connection left; raise max_connections, or lower what its clients use',
  '25006': 'the database is read-only, as a standby is; give the address of the primary',
  '57P01': 'the database was stopped, or ended the connection; it is tried again',
  '57P02': 'the database crashed, and it is tried again',
  '57P03': 'the database is starting, stopping or recovering; it is tried again',
  '57014': 'a statement took longer than it may; look for locks, and at the load of the database',
  '55P03': 'another session holds a lock; see pg_locks',
  ECONNREFUSED: 'nothing listens at the address of the database; start it, or correct host and port',
  ENOTFOUND: 'the host of the database has no address; correct its name',
  EAI_AGAIN: 'the host of the database cannot be looked up now; check the name server',
  ENOENT: 'there is no socket of the database in that folder; start it, or correct the folder',
  EACCES: 'the socket of the database may not be used; let the user of this process do so',
  ETIMEDOUT: 'the host of the database does not answer; check the network and its firewall',
  EHOSTUNREACH: 'the host of the database cannot be reached; check the network',
  ENETUNREACH: 'the network of the database cannot be reached; check the route',
  ECONNRESET: 'the connection to the database was cut; check what is between, and its log',
  EPIPE: 'the connection to the database was cut; check what is between, and its log',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'the certificate of the database is its own; name it or its authority with sslrootcert',
  SELF_SIGNED_CERT_IN_CHAIN:
    'the authority of the database’s certificate is not known; name it with sslrootcert',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the authority of the database’s certificate is not known; name it with sslrootcert',
  CERT_HAS_EXPIRED: 'the certificate of the database has expired; renew it',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate of the database is for another host; correct the host in its address',
};

/** Errors of the driver without a code, by the beginning of their message, which holds no input. */
const MESSAGES: readonly [start: string, code: string, cause: string][] = [
  [
    'timeout exceeded when trying to connect',
    'POOL_TIMEOUT',
    'no connection of the pool was free in time; the database is slow or does not answer, or the pool is too small',
  ],
  [
    'Connection terminated due to connection timeout',
    'CONNECT_TIMEOUT',
    'the database did not answer in time; check the network, its firewall and its load',
  ],
  [
    'timeout expired',
    'CONNECT_TIMEOUT',
    'the database did not answer in time; check the network and its load',
  ],
  [
    'Query read timeout',
    'QUERY_TIMEOUT',
    'the database did not answer a statement in time; check its load and the network',
  ],
  ['Connection terminated', 'CONNECTION_LOST', 'the connection to the database was cut; it is tried again'],
  [
    'The server does not support SSL connections',
    'NO_TLS',
    'the database offers no TLS; turn it on there, or say sslmode=disable',
  ],
  [
    'SASL: SCRAM-SERVER-FIRST-MESSAGE',
    'NO_PASSWORD',
    'the database asks for a password, and its address has none; add it',
  ],
];

/** Why the database is unavailable. */
export interface DatabaseFault {
  /** The same for the same cause. */
  errorCode: string;
  /** A sentence with the fix; undefined when there is none. */
  cause: string | undefined;
}

/** Finds the cause of an error of the driver, whatever it is wrapped in; undefined when it is not a known one. */
export function databaseFaultOf(error: unknown): DatabaseFault | undefined {
  for (let each = error; each instanceof Error; each = innerErrorOf(each)) {
    const code = 'code' in each && typeof each.code === 'string' ? each.code : undefined;
    if (code !== undefined && CAUSES[code] !== undefined) return { errorCode: code, cause: CAUSES[code] };
    const { message } = each;
    const known = MESSAGES.find(([start]) => message.startsWith(start));
    if (known !== undefined) return { errorCode: known[1], cause: known[2] };
  }
  return undefined;
}
