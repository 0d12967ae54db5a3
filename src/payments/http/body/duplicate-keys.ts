/** The parts of JSON that matter here; what stands in a text is passed over as one part. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/gs;

/**
 * Whether an object of a JSON text has a key twice, however either is spelled. Of such objects parsers take the last, the first
 * or all (RFC 8259 section 4), so that no two readers need agree on what was sent.
 *
 * @param json well-formed
 */
export function hasDuplicateKeys(json: string): boolean {
  /** The keys of the objects around, innermost last; undefined for a list. */
  const open: (Set<string> | undefined)[] = [];
  let text = '';
  for (const [token] of json.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const key = JSON.parse(text) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return true;
      keys?.add(key);
    } else text = token;
  }
  return false;
}
