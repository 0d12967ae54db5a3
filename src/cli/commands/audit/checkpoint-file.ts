import { createHash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { CompactSign, compactVerify, decodeProtectedHeader } from 'jose';
import * as v from 'valibot';
import type { ChainEnd } from '../../../payments/audit/audit-chains.js';
import { CommandFault, unwritable } from '../../fault.js';
import type { CheckpointKey } from './checkpoint-keys.js';

/** The `typ` of the signature, so that nothing else that a key has signed passes for a checkpoint. */
const TYPE = 'stripe-config-audit-checkpoint';
/** How many lines are compared at once. */
const BATCH = 5_000;

const SIGNATURE_LINE = v.strictObject({ signature: v.string() });
const CLAIMS = v.object({
  taken_at: v.string(),
  chains: v.number(),
  removed: v.number(),
  /** Of further trails, by their names: how many chains. A trail that is not here was not noted. */
  trails: v.optional(v.record(v.string(), v.number())),
  sha256: v.string(),
});
const CHAIN_LINE = v.object({
  project_id: v.string(),
  version: v.number(),
  hash: v.string(),
  removed: v.optional(v.boolean(), false),
  trail: v.optional(v.string()),
});

/** The end of a chain, of the trail of configurations or of another one. */
export interface NotedEnd extends ChainEnd {
  trail: string | undefined;
}

/** What the signature of a checkpoint says: SHA-256 is of all lines before it, each with its line feed. */
export type CheckpointClaims = v.InferOutput<typeof CLAIMS>;

/**
 * Writes a checkpoint into a new file: a line of JSON for each chain, and last the signature, a compact JWS over their digest. The
 * file is removed again when that fails.
 *
 * @param trails the names of the trails that are noted beside that of configurations
 */
export async function writeCheckpoint(
  path: string,
  signer: CheckpointKey,
  chains: AsyncIterable<readonly NotedEnd[]>,
  trails: readonly string[],
): Promise<CheckpointClaims> {
  const takenAt = new Date().toISOString();
  const file = await open(path, 'wx').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new CommandFault(`${path} exists; a checkpoint is never replaced, name a new file.`);
    }
    throw unwritable('The checkpoint', error);
  });
  try {
    const claims = { taken_at: takenAt, ...(await writeChains(file, chains, trails)) };
    await file.write(`${JSON.stringify({ signature: await sign(claims, signer) })}\n`);
    await file.sync();
    return claims;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function writeChains(
  file: FileHandle,
  batches: AsyncIterable<readonly NotedEnd[]>,
  trails: readonly string[],
): Promise<Omit<CheckpointClaims, 'taken_at'>> {
  const digest = createHash('sha256');
  const counts = new Map<string | undefined, number>();
  let removed = 0;
  for await (const batch of batches) {
    const text = batch.map((end) => `${lineOf(end)}\n`).join('');
    digest.update(text);
    await file.writeFile(text);
    for (const { trail } of batch) counts.set(trail, (counts.get(trail) ?? 0) + 1);
    removed += batch.filter(({ isRemoved }) => isRemoved).length;
  }
  return {
    chains: counts.get(undefined) ?? 0,
    removed,
    ...(trails.length > 0 && {
      trails: Object.fromEntries(trails.map((trail) => [trail, counts.get(trail) ?? 0])),
    }),
    sha256: digest.digest('hex'),
  };
}

function lineOf({ projectId, version, hash, isRemoved, trail }: NotedEnd): string {
  return JSON.stringify({
    project_id: projectId,
    version,
    hash,
    ...(isRemoved && { removed: true }),
    ...(trail !== undefined && { trail }),
  });
}

function sign(claims: CheckpointClaims, { key, algorithm, id }: CheckpointKey): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: algorithm, typ: TYPE, kid: id })
    .sign(key);
}

/** Verifies the whole file against its signature, before anything in it is believed. */
export async function verifyCheckpoint(path: string, verifier: CheckpointKey): Promise<CheckpointClaims> {
  const digest = createHash('sha256');
  let last: string | undefined;
  for await (const line of linesOf(path)) {
    if (last !== undefined) digest.update(`${last}\n`);
    last = line;
  }
  const line = v.safeParse(v.pipe(v.string(), v.parseJson(), SIGNATURE_LINE), last);
  if (!line.success) {
    throw new CommandFault(
      `${path} does not end in a signature: it is no checkpoint, or only a part of one.`,
    );
  }
  const claims = await claimsOf(path, line.output.signature, verifier);
  if (claims.sha256 !== digest.digest('hex'))
    throw new CommandFault(`${path} was changed after it was signed.`);
  return claims;
}

/** The chains of a verified checkpoint, in batches. */
export async function* readCheckpoint(
  path: string,
  { sha256 }: CheckpointClaims,
): AsyncGenerator<NotedEnd[]> {
  const digest = createHash('sha256');
  let batch: NotedEnd[] = [];
  for await (const line of linesOf(path)) {
    if (line.startsWith('{"signature"')) break;
    digest.update(`${line}\n`);
    const { project_id, version, hash, removed, trail } = v.parse(CHAIN_LINE, JSON.parse(line));
    batch.push({ projectId: project_id, version, hash, isRemoved: removed, trail });
    if (batch.length === BATCH) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
  if (sha256 !== digest.digest('hex')) throw new CommandFault(`${path} was changed while it was read.`);
}

async function claimsOf(path: string, signature: string, verifier: CheckpointKey): Promise<CheckpointClaims> {
  const { key, algorithm, id } = verifier;
  try {
    const { payload } = await compactVerify(signature, key, { algorithms: [algorithm] });
    const { typ } = decodeProtectedHeader(signature);
    if (typ !== TYPE) throw new Error('another kind of document');
    return v.parse(CLAIMS, JSON.parse(Buffer.from(payload).toString()));
  } catch {
    throw new CommandFault(
      `${path} was not signed by the key ${id}: it is of another key, or was changed. Take the public key from who signs, not from beside the checkpoint.`,
    );
  }
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = await open(path).catch((error: unknown) => {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CommandFault(`The checkpoint ${path} cannot be read (${code}).`);
  });
  if (!(await file.stat()).isFile()) {
    await file.close();
    throw new CommandFault(`--checkpoint ${path} is no file; name the file that "audit export" wrote.`);
  }
  // Ends the file as well.
  yield* file.readLines();
}
