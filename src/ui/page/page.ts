import '../stripe-settings.js';
import type { PageElement } from './page-element.js';
import { definePage } from './page-parts.js';
import { handBack } from './sign-in-window.js';
import { signInOf } from './sign-in.js';

if (!handBack()) {
  definePage();
  for (const page of document.querySelectorAll<PageElement>('stripe-page')) page.signIn = signInOf(page);
}
