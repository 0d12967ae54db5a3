import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SECRET_NAMES, SETTINGS } from '../../src/app/settings/setting-list.js';
import { ROOT, cleanUp, temporaryFolder } from '../support/process.js';
import { run } from '../support/run.js';

const FOLDER = join(ROOT, 'deploy/systemd');
const UNITS = readdirSync(FOLDER);
const unit = (file: string) => readFileSync(join(FOLDER, file), 'utf8');

/** How much a unit may do, from 0 to 100, as systemd counts it; one that says nothing has 96. */
const MAX_EXPOSURE = '15';

afterAll(cleanUp);

/** The units as they are installed, but with this machine's Node and this folder; the template for a port. */
async function installed(edit = (text: string) => text): Promise<string[]> {
  const folder = await temporaryFolder();
  return UNITS.map((file) => {
    const path = join(folder, file.replace('@', '@3001'));
    const here = unit(file).replace('/usr/bin/node', process.execPath).replace('/opt/stripe-config', ROOT);
    writeFileSync(path, edit(here));
    return path;
  });
}

it('systemd takes the units', async () => {
  expect(UNITS).toEqual(['stripe-config-migrate.service', 'stripe-config@.service']);
  const verify = async (units: string[]) => run(ROOT, 'systemd-analyze', 'verify', '--man=no', ...units);
  expect(await verify(await installed())).toBe('');
  await expect(
    installed((text) => text.replace(/^ExecStart=.*$/m, 'ExecStart=/usr/bin/none')).then(verify),
  ).rejects.toThrow(/is not executable/);
});

it('they may do little', async () => {
  const check = async (units: string[]) => {
    for (const each of units) {
      await run(ROOT, 'systemd-analyze', 'security', '--offline=yes', `--threshold=${MAX_EXPOSURE}`, each);
    }
  };
  await check(await installed());
  await expect(installed((text) => text.replace('DynamicUser=yes', '')).then(check)).rejects.toThrow();
});

it.each(UNITS)('the settings of %s exist, secrets are credentials, and the program is there', (file) => {
  const text = unit(file);
  const credentials = [...text.matchAll(/^LoadCredential=([\w-]+):/gm)].map(([, name = '']) => name);
  const settings = [...text.matchAll(/(?<=^Environment=.*)\b([A-Z][A-Z_]+)=(\S+)/gm)];
  for (const [, name = '', value = ''] of settings) {
    const setting = name === 'KEY_RING_FILE' ? name : name.replace(/_FILE$/, '');
    expect(Object.keys(SETTINGS)).toContain(setting);
    expect(SECRET_NAMES).not.toContain(name);
    if (name.endsWith('_FILE')) expect(credentials).toContain(value.replace('%d/', ''));
  }
  expect(settings.length).toBeGreaterThan(1);
  expect(text).toMatch(/^ExecStart=\/usr\/bin\/node dist\/(main|cli\/migrate)\.js$/m);
});
