import { asApiError } from '../element/project-state.js';
import { ApiError, isUnanswered } from '../api/api-error.js';
import { faultText } from '../texts/fault-text.js';
import { PAGE } from '../texts/page-texts.js';
import { ENGLISH } from '../texts/texts.js';

/** Why a form was refused: at its fields, and as a whole. */
export interface FormFault {
  /** By the name that the service has for the field. */
  byField: ReadonlyMap<string, string>;
  /** What is said below the form. */
  said: ApiError;
}

/**
 * What a form says of an error.
 *
 * @param fields those that can say what is wrong with them
 */
export function formFaultOf(error: unknown, fields: readonly string[]): FormFault {
  const fault = asApiError(error);
  const at = fault.faults.map(({ loc, msg }) => ({ field: String(loc[1]), msg }));
  const elsewhere = at.filter(({ field }) => !fields.includes(field));
  const byField = new Map(
    at.filter(({ field }) => fields.includes(field)).map(({ field, msg }) => [field, msg]),
  );
  // What no field can say is said here.
  if (elsewhere.length > 0) {
    return { byField, said: another(fault, elsewhere.map(({ msg }) => msg).join(' ')) };
  }
  return { byField, said: fault };
}

/** Of what makes something new each time: doing it again may make another one. */
export function isPerhapsMade(error: unknown): boolean {
  return isUnanswered(asApiError(error));
}

/** Says that it may have been made. */
export function perhapsMade(error: unknown): ApiError {
  const fault = asApiError(error);
  return another(fault, `${faultText(fault, ENGLISH)} ${PAGE.perhapsMade}`);
}

/**
 * Says by its name which project an error of several is about.
 *
 * @param names as the service was given their ids
 */
export function inProject(error: unknown, names: readonly string[]): unknown {
  if (!(error instanceof ApiError)) return error;
  const [, index = '', message = ''] = /^In project_ids\[(\d+)\]: (.*)$/s.exec(error.message) ?? [];
  const name = names[Number(index)];
  if (index === '' || name === undefined) return error;
  return another(error, `${name}: ${faultText({ code: error.code, message }, ENGLISH)}`);
}

/** With other words, which no text replaces. */
function another({ status, faults }: ApiError, message: string): ApiError {
  return new ApiError(status, 'form_refused', message, faults);
}
