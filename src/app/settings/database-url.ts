import { accessSync, constants } from 'node:fs';

/** What the driver takes for `sslmode`; others it would take for something else. */
const TLS_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];
const TLS_FILES = ['sslrootcert', 'sslcert', 'sslkey'];

/**
 * What is wrong with the address of the database; undefined when nothing is. It never repeats a part of it but the names of
 * files, which hold no secret.
 */
export function databaseUrlFault(value: string): string | undefined {
  const url = parse(value);
  if (url === undefined || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    return 'must be an address like postgres://user:password@host/database, or postgres://user:password@/database?host=/folder/of/the/socket';
  }
  if (![url.username, url.password, url.pathname].every(canBeDecoded)) {
    return 'has a % that stands for nothing; write it as %25, and other special characters of the password likewise';
  }
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && !TLS_MODES.includes(mode))
    return `has an sslmode that is none of ${TLS_MODES.join(', ')}`;
  for (const name of TLS_FILES) {
    const file = url.searchParams.get(name);
    const code = file === null ? undefined : readFault(file);
    if (code !== undefined)
      return `names a file as ${name} that cannot be read (${code}); check its path and mode`;
  }
  return undefined;
}

/** As the driver does: without a host, the parameter of that name is the folder of a socket, or a host. */
function parse(value: string): URL | undefined {
  if (URL.canParse(value)) return new URL(value);
  const withHost = value.replace('@/', '@localhost/');
  if (!URL.canParse(withHost)) return undefined;
  const url = new URL(withHost);
  return url.searchParams.has('host') ? url : undefined;
}

function canBeDecoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

function readFault(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}
