/**
 * The SQL of a chain of hashes: rows of one project, counted from 1, of which each carries a hash of itself and of the row before. The
 * expressions are of built-in functions alone, for engines that have neither triggers nor functions of their own.
 */

/** SHA-256 of values, told apart as members of one JSON array. */
export function digestOf(values: readonly string[]): string {
  return `sha256(convert_to(jsonb_build_array(${values.join(', ')})::text, 'UTF8'))`;
}

/** What binds a row to a person, also once who that was has been erased together with the salt. */
export function personDigestOf(salt: string, person: string): string {
  return digestOf([salt, person]);
}

/** The hashes of a chain, and what is to be compared with them. */
interface CheckedChain {
  table: string;
  /** The hash of a row with the name `entry`. */
  hash: string;
  /** The columns that name people; each has beside it `…_salt` and `…_digest`. */
  people: readonly string[];
  /** What the first row of a project follows. Default: nothing. */
  first?: string;
}

/**
 * `trail`, of a range of projects: each row with the hash that it should have, whether its people are those of its digests, unless who
 * they were has been erased, and what should stand before it.
 */
export function checkedChain({ table, hash, people, first = "''" }: CheckedChain): string {
  return `
  trail AS (
    SELECT entry.project_id, entry.version, entry.hash, entry.previous_hash,
      ${hash} AS computed_hash,
      ${people.map(isItsPerson).join(' AND ')} AS has_its_people,
      lag(entry.hash, 1, ${first}) OVER chain AS expected_previous_hash,
      lag(entry.version, 1, 0) OVER chain + 1 AS expected_version
    FROM {schema}.${table} AS entry
    WHERE entry.project_id > :after AND entry.project_id <= :upto
    WINDOW chain AS (PARTITION BY entry.project_id ORDER BY entry.version)
  )`;
}

function isItsPerson(person: string): string {
  return `CASE num_nonnulls(entry.${person}, entry.${person}_salt)
        WHEN 2 THEN entry.${person}_digest IS NOT DISTINCT FROM ${personDigestOf(`entry.${person}_salt`, `entry.${person}`)}
        ELSE num_nulls(entry.${person}, entry.${person}_salt) = 2
      END`;
}

/** Where the rows of `trail` are not what was written, each with the version that is at fault. */
export const FAULTS_OF_CHAIN = `
  SELECT project_id, version, 'edited' AS fault FROM trail WHERE hash <> computed_hash OR NOT has_its_people
  UNION ALL
  SELECT project_id, expected_version, 'missing or moved' FROM trail WHERE version <> expected_version
  UNION ALL
  SELECT project_id, version, 'chain broken' FROM trail WHERE previous_hash <> expected_previous_hash`;

/** What {@link FAULTS_OF_CHAIN} says is wrong. */
export type ChainFaultKind = 'edited' | 'missing or moved' | 'chain broken';
