import { ExplainedError } from './explained-error.js';

/** The application gave the module something that it cannot use. Its message names the option or method. */
export class HostFault extends ExplainedError {
  override name = 'HostFault';
}
