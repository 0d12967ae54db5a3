import { html, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { focusOn } from '../element/focus.js';
import { formFaultOf } from './form-faults.js';
import { PagePart } from './page-part.js';

/** A line of text in a form. */
interface TextLine {
  label: string;
  maxLength: number;
  isRequired: boolean;
  /** In the form. Default: as the service calls it. */
  name?: string;
}

/** A part of the page with a form, whose fields say what the service has refused of them. */
export abstract class FormPart extends PagePart {
  /** By the names that the service has for the fields. */
  @state() private refused: ReadonlyMap<string, string> = new Map();

  /** Sends the form. Where fields were refused, the first of them has the focus. @param done what is said then */
  protected send(fields: readonly string[], work: () => Promise<unknown>, done = ''): Promise<void> {
    return this.action.run(async () => {
      this.refused = new Map();
      try {
        await work();
      } catch (error) {
        const { byField, said } = formFaultOf(error, fields);
        this.refused = byField;
        if (byField.size > 0) await focusOn(this, '[aria-invalid="true"]');
        throw said;
      }
    }, done);
  }

  /** A line of text that the form sends, and what was refused of it. */
  protected renderText(
    field: string,
    { label, maxLength, isRequired, name = field }: TextLine,
  ): TemplateResult {
    return html`<label
        >${label}
        <input
          name=${name}
          ?required=${isRequired}
          maxlength=${maxLength}
          autocomplete="off"
          aria-invalid=${this.isInvalid(field)}
          aria-describedby="fault-${field}"
      /></label>
      ${this.renderRefusal(field)}`;
  }

  /** For `aria-invalid`. */
  protected isInvalid(field: string): 'true' | 'false' {
    return this.refused.has(field) ? 'true' : 'false';
  }

  /** What was refused of a field, to which `aria-describedby` has `fault-` and its name. */
  protected renderRefusal(field: string): TemplateResult {
    const fault = this.refused.get(field);
    return html`<p class="fault" id="fault-${field}" ?hidden=${fault === undefined}>${fault ?? nothing}</p>`;
  }
}
