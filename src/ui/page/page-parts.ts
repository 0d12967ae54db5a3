import { MemberList } from './member-list.js';
import { PageElement } from './page-element.js';
import { ProjectChoice } from './project-choice.js';
import { ProjectList } from './project-list.js';
import { ProjectView } from './project-view.js';
import { TokenList } from './token-list.js';

/** Makes the page and its parts known to the browser. */
export function definePage(): void {
  customElements.define('stripe-page-members', MemberList);
  customElements.define('stripe-page-choice', ProjectChoice);
  customElements.define('stripe-page-tokens', TokenList);
  customElements.define('stripe-page-project', ProjectView);
  customElements.define('stripe-page-projects', ProjectList);
  customElements.define('stripe-page', PageElement);
}
