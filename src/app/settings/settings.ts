import { SecretFileError, readSecretFile, secretFileWarning } from '../../payments/crypto/secret-file.js';
import type { Variables } from './environment.js';
import type { SecretName, SettingName } from './setting-list.js';

/** Wrong settings, all of them, by name and never by value. */
export class EnvError extends Error {
  override name = 'EnvError';

  constructor(readonly faults: readonly string[]) {
    super(['The settings are wrong:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
  }
}

/** Reads settings one by one and collects what is wrong with them. */
export class Settings {
  readonly faults: string[] = [];
  /** What should be changed, though nothing is wrong. */
  readonly warnings: string[] = [];
  /** Whether what the service could make up for itself must be set. */
  required = false;

  constructor(private readonly variables: Variables) {}

  fault(name: SettingName, fault: string): void {
    this.faults.push(`${name} ${fault}`);
  }

  /** @throws EnvError when something was wrong with what has been read so far */
  requireNoFaults(): void {
    if (this.faults.length > 0) throw new EnvError(this.faults);
  }

  /** An empty variable counts as absent. */
  text(name: SettingName): string | undefined {
    const value = this.variables[name]?.trim();
    return value === '' ? undefined : value;
  }

  /** A secret, from its own variable or from the file that NAME_FILE names. */
  secret(name: SecretName): string | undefined {
    const value = this.text(name);
    const fileName: SettingName = `${name}_FILE`;
    const path = this.text(fileName);
    if (path === undefined) return value;
    if (value !== undefined) this.fault(name, `cannot stand beside ${fileName}; remove one of them`);
    return this.textOf(fileName, path);
  }

  /** What a file of secrets holds, without white space around it. */
  private textOf(name: SettingName, path: string): string | undefined {
    try {
      const text = readSecretFile(path).trim();
      this.warnAbout(name, path);
      if (text !== '') return text;
      this.fault(name, 'names a file that is empty; write the secret into it');
      return undefined;
    } catch (error) {
      if (!(error instanceof SecretFileError)) throw error;
      this.fault(name, `names a file that ${error.message}`);
      return undefined;
    }
  }

  private warnAbout(name: SettingName, path: string): void {
    const warning = secretFileWarning(path);
    if (warning !== undefined) this.warnings.push(`${name} names a file that ${warning}`);
  }

  /**
   * What the service could do without outside production.
   *
   * @param value as read
   * @param fix what to do when it is missing and must be set
   * @param faultOf what is wrong with the value, if anything
   */
  necessity(
    name: SettingName,
    value: string | undefined,
    fix: string,
    faultOf: (value: string) => string | undefined = () => undefined,
  ): string | undefined {
    if (value === undefined) {
      // One that names a file has been told of already.
      const hasFile = (this.variables[`${name}_FILE`] ?? '').trim() !== '';
      if (this.required && !hasFile) this.fault(name, `is missing; ${fix}`);
      return undefined;
    }
    const fault = faultOf(value);
    if (fault !== undefined) this.fault(name, fault);
    return value;
  }

  number(name: SettingName, absent: number, max: number): number {
    const value = this.text(name);
    if (value === undefined) return absent;
    const number = Number(value);
    if (!/^\d+$/.test(value) || number > max) this.fault(name, `must be a number from 0 to ${max}`);
    return number;
  }

  choice<T extends string>(name: SettingName, choices: readonly T[], absent: T): T {
    const value = this.text(name);
    const choice = choices.find((each) => each === (value ?? absent));
    if (choice === undefined) this.fault(name, `must be one of ${choices.join(', ')}`);
    return choice ?? absent;
  }
}
