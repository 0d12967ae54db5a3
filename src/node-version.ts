// Written so that any Node that knows modules can run it, and imported before everything else.

/** The oldest Node that all of this runs on, the commands in a host included: major and minor version. */
export const OLDEST_NODE = [20, 18] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(
    `This needs Node ${OLDEST_NODE.join('.')} or newer, and this is Node ${process.versions.node}: install a newer one from https://nodejs.org.\n`,
  );
  process.exit(1);
}
