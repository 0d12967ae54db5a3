import { readFileSync } from 'node:fs';

interface LockedPackage {
  dev?: boolean;
  devOptional?: boolean;
  hasInstallScript?: boolean;
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, LockedPackage>;
};
const { allowScripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  allowScripts: Record<string, boolean>;
};

const withScripts = Object.entries(lock.packages)
  .filter(([, { hasInstallScript }]) => hasInstallScript)
  .map(([path, { dev, devOptional }]) => ({
    name: path.replace(/^.*node_modules\//, ''),
    production: dev !== true && devOptional !== true,
  }));

describe('install scripts', () => {
  it('are each decided on', () => {
    expect(withScripts.map(({ name }) => name).filter((name) => !(name in allowScripts))).toEqual([]);
  });

  it('are needed by no production package', () => {
    expect(withScripts.filter(({ name, production }) => production && allowScripts[name])).toEqual([]);
  });
});
