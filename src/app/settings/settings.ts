import * as v from 'valibot';
import { SecretFileError, readSecretFile, secretFileWarning } from '../../payments/crypto/secret-file.js';
import type { Variables } from './environment.js';
import {
  SETTINGS,
  type NecessaryName,
  type SecretName,
  type Setting,
  type SettingName,
  type SettingValue,
} from './setting-list.js';

type VariableName = SettingName | `${SecretName}_FILE`;

/** Wrong settings, all of them, by name and never by value. */
export class EnvError extends Error {
  override name = 'EnvError';

  constructor(readonly faults: readonly string[]) {
    super(['The settings are wrong:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
  }
}

/** Reads settings one by one and collects what is wrong with them. */
export class Settings {
  /** What should be changed, though nothing is wrong. */
  readonly warnings: string[] = [];
  private readonly faults = new Set<string>();

  constructor(private readonly variables: Variables) {}

  get production(): boolean {
    return this.get('NODE_ENV') === 'production';
  }

  fault(name: VariableName, fault: string): void {
    this.faults.add(`${name} ${fault}`);
  }

  /** @throws EnvError when something was wrong with what has been read so far */
  requireNoFaults(): void {
    if (this.faults.size > 0) throw new EnvError([...this.faults]);
  }

  /** Whether a setting is there, be it in a file. */
  has(name: SettingName): boolean {
    return this.text(name) !== undefined || this.fileOf(name) !== undefined;
  }

  /** The value of a setting. A wrong one comes as it is: {@link requireNoFaults} refuses it. */
  get<Name extends SettingName>(name: Name): SettingValue<Name> {
    const { schema, default: usual }: Setting = SETTINGS[name];
    const text = this.textOrFile(name) ?? this.pick(usual);
    if (text === undefined) return undefined as SettingValue<Name>;
    // Messages of the library's own would repeat the value.
    const { output, issues = [] } = v.safeParse(schema(this), text, { message: 'is wrong' });
    for (const { message } of issues) this.fault(name, message);
    return output as SettingValue<Name>;
  }

  /**
   * As {@link get}, of a setting that the service can do without outside production only.
   *
   * @param isNecessary whether it must be set
   */
  necessity<Name extends NecessaryName>(name: Name, isNecessary = this.production): SettingValue<Name> {
    if (isNecessary && !this.has(name)) this.fault(name, `is missing; ${SETTINGS[name].fix}`);
    return this.get(name);
  }

  /** An empty variable counts as absent. */
  private text(name: VariableName): string | undefined {
    const value = this.variables[name]?.trim();
    return value === '' ? undefined : value;
  }

  private pick(usual: Setting['default']): string | undefined {
    if (typeof usual !== 'object') return usual;
    return this.production ? usual.production : usual.otherwise;
  }

  private fileOf(name: SettingName): string | undefined {
    return isSecret(name) && !(`${name}_FILE` in SETTINGS) ? this.text(`${name}_FILE`) : undefined;
  }

  private textOrFile(name: SettingName): string | undefined {
    const value = this.text(name);
    const path = this.fileOf(name);
    if (path === undefined || !isSecret(name)) return value;
    const fileName = `${name}_FILE` as const;
    if (value !== undefined) this.fault(name, `cannot stand beside ${fileName}; remove one of them`);
    return this.readFile(fileName, path);
  }

  /** What a file of secrets holds, without white space around it. */
  private readFile(name: VariableName, path: string): string | undefined {
    try {
      const text = readSecretFile(path).trim();
      const warning = secretFileWarning(path);
      if (warning !== undefined) this.warnings.push(`${name} names a file that ${warning}`);
      if (text !== '') return text;
      this.fault(name, 'names a file that is empty; write the secret into it');
      return undefined;
    } catch (error) {
      if (!(error instanceof SecretFileError)) throw error;
      this.fault(name, `names a file that ${error.message}`);
      return undefined;
    }
  }
}

function isSecret(name: SettingName): name is SecretName {
  const { secret }: Setting = SETTINGS[name];
  return secret === true;
}
