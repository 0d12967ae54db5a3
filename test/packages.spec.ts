import { readFileSync } from 'node:fs';
import semver from 'semver';
import { OLDEST_NODE } from '../src/node-version.js';

interface LockedPackage {
  /** Only where a package stands in for another. */
  name?: string;
  dev?: boolean;
  optional?: boolean;
  devOptional?: boolean;
  hasInstallScript?: boolean;
  engines?: { node?: string };
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, LockedPackage>;
};
const { allowScripts, engines } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  allowScripts: Record<string, boolean>;
  engines: { node: string };
};
/** What hosts install. */
const library = JSON.parse(readFileSync('package/package.json', 'utf8')) as {
  dependencies: Record<string, string>;
  engines: { node: string };
};
const dockerfile = readFileSync('Dockerfile', 'utf8');

const nameOf = (path: string) => path.replace(/^.*node_modules\//, '');
const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
/** What `npm ci --omit=dev` installs. */
const production = packages.filter(([, { dev }]) => dev !== true);
/** What the image has: `npm ci --omit=dev --omit=optional`. */
const inImage = production.filter(
  ([, { optional, devOptional }]) => !(optional === true || devOptional === true),
);

describe('install scripts', () => {
  it('are each decided on', () => {
    const withScripts = packages.filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(withScripts.length).toBeGreaterThan(0);
    expect(withScripts.map(([path]) => nameOf(path)).filter((name) => !(name in allowScripts))).toEqual([]);
  });

  it('are not in the production tree', () => {
    expect(production.length).toBeGreaterThan(50);
    expect(production.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual(
      [],
    );
  });
});

describe('the image', () => {
  it('holds neither a compiler nor a second web framework', () => {
    expect(dockerfile).toContain('npm ci --omit=dev --omit=optional --ignore-scripts');
    const names = inImage.map(([path]) => nameOf(path));
    expect(names).toContain('fastify');
    expect(names.filter((name) => /^(typescript|express|@nestjs\/platform-express)$/.test(name))).toEqual([]);
  });

  it('runs as a user that is given by its number, which is not root', () => {
    expect(dockerfile).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m);
  });
});

describe('every package', () => {
  // The oldest of each line that is supported, and what many have.
  it.each(['20.19.0', '20.20.2', '22.13.0', '24.11.0', '24.12.0'])('runs on Node %s', (version) => {
    expect(semver.satisfies(version, engines.node)).toBe(true);
    const refusing = packages.filter(
      ([, { engines: { node } = {} }]) => node !== undefined && !semver.satisfies(version, node),
    );
    expect(refusing.map(([path]) => path)).toEqual([]);
  });

  it('runs on the oldest Node that hosts may have, which the commands let pass', () => {
    const oldest = semver.minVersion(library.engines.node)?.version ?? '';
    expect(oldest).toBe(`${OLDEST_NODE.join('.')}.1`);
    const refusing = Object.keys(library.dependencies).filter((name) => {
      const { engines: { node = '*' } = {} } = lock.packages[`node_modules/${name}`] ?? {};
      return !semver.satisfies(oldest, node);
    });
    expect(refusing).toEqual([]);
  });
});
