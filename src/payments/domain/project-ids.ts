import { CREDENTIAL_CATALOGUE } from './credential-catalogue.js';
import { ValidationFailed, type ValidationItem } from './errors.js';
import { idText } from './host-id.js';
import { UUID } from './uuid.js';

/** Longest id of a project, in characters. */
export const MAX_PROJECT_ID_LENGTH = 64;

/** What stands in a URL as it is; a segment of dots would lead to another address. */
const IN_URL = new RegExp(`^(?!\\.{1,2}$)[\\w.~-]{1,${MAX_PROJECT_ID_LENGTH}}$`);

/** Ids are logged and shown, so that a credential in the place of one is none, whatever the form. */
const CREDENTIAL = new RegExp(
  `^(?:${Object.values(CREDENTIAL_CATALOGUE)
    .flatMap(({ prefixes }) => prefixes.map(({ text }) => text))
    .join('|')})`,
);

/** What the ids of a host's projects look like. */
export interface ProjectIdForm {
  /**
   * What a whole id matches, from `^` to `$` and without flags: `/^prj_[0-9a-z]{12}$/`. Whatever it allows, an id has at most 64
   * characters, only letters, digits and `-._~`, and not the prefix of a credential.
   */
  pattern: RegExp;
  /** An id, for messages and the OpenAPI document. */
  example: string;
}

interface KnownForm extends ProjectIdForm {
  /** What an id is, in words. */
  words: string;
  /** The one spelling of ids that are the same in several. */
  canonical?: (id: string) => string;
  largest?: bigint;
}

const WHOLE_NUMBER = 'without leading zeros';

/** The forms that need no pattern. `integer` and `bigint` are serial keys of four and eight bytes. */
export type ProjectIdFormName = 'uuid' | 'integer' | 'bigint' | 'ulid' | 'cuid' | 'cuid2' | 'nanoid';

const FORMS: Record<ProjectIdFormName, KnownForm> = {
  uuid: {
    pattern: UUID,
    example: '3c90c3cc-0d44-4b50-8888-8dd25736052a',
    words: 'a UUID',
    canonical: (id) => id.toLowerCase(),
  },
  integer: {
    pattern: /^(?:0|[1-9]\d{0,9})$/,
    example: '42',
    words: `a number from 0 to 2147483647 ${WHOLE_NUMBER}`,
    largest: 2n ** 31n - 1n,
  },
  bigint: {
    pattern: /^(?:0|[1-9]\d{0,18})$/,
    example: '42',
    words: `a number from 0 to 9223372036854775807 ${WHOLE_NUMBER}`,
    largest: 2n ** 63n - 1n,
  },
  ulid: {
    pattern: /^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$/,
    example: '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    words: 'a ULID',
    canonical: (id) => id.toUpperCase(),
  },
  cuid: { pattern: /^c[0-9a-z]{24}$/, example: 'cjld2cjxh0000qzrmn831i7rn', words: 'a CUID' },
  cuid2: { pattern: /^[a-z][0-9a-z]{1,31}$/, example: 'tz4a98xxat96iws9zmbrgj3a', words: 'a CUID2' },
  nanoid: { pattern: /^[\w-]{21}$/, example: 'V1StGXR8_Z5jdHi6B-myT', words: 'a Nano ID' },
};

export const PROJECT_ID_FORM_NAMES = Object.keys(FORMS) as ProjectIdFormName[];

/** Reads ids of projects in one form, wherever they come from: a path, the host's own code, a list. */
export class ProjectIds {
  /** What 422 lists where an id is of another form. */
  readonly refusal: ValidationItem;
  private readonly whole: RegExp;

  constructor(
    readonly form: KnownForm,
    cause: 'invalid_uuid' | 'invalid_id',
  ) {
    this.whole = new RegExp(`^(?:${form.pattern.source})$`, form.pattern.flags);
    this.refusal = { loc: ['path', 'project_id'], msg: `This must be ${this.words}.`, type: cause };
  }

  /** @param form as `findFaults` lets it pass */
  static of(form: ProjectIdForm | ProjectIdFormName = 'uuid'): ProjectIds {
    if (form === 'uuid') return UUIDS;
    if (typeof form === 'string') return new ProjectIds(FORMS[form], 'invalid_id');
    const words = `an id that matches ${form.pattern.source}`;
    return new ProjectIds({ ...form, words }, 'invalid_id');
  }

  /** What an id is, with an example. */
  get words(): string {
    return `${this.form.words}, such as ${this.form.example}`;
  }

  /**
   * The id in its canonical spelling.
   *
   * @throws ValidationFailed
   */
  read(id: unknown): string {
    const text = this.find(id);
    if (text === undefined) throw new ValidationFailed([this.refusal]);
    return text;
  }

  /** As {@link read}; undefined for an id of another form. */
  find(id: unknown): string | undefined {
    const { canonical, largest } = this.form;
    const text = typeof id === 'string' ? id : idText(id);
    if (text === undefined || !IN_URL.test(text) || !this.whole.test(text)) return undefined;
    if (CREDENTIAL.test(text)) return undefined;
    if (largest !== undefined && BigInt(text) > largest) return undefined;
    return canonical === undefined ? text : canonical(text);
  }
}

/** The form of ids unless a host's options name another. */
export const UUIDS = new ProjectIds(FORMS.uuid, 'invalid_uuid');
