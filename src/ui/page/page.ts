import '../stripe-settings.js';
import { PAGE } from '../texts/page-texts.js';
import type { PageElement } from './page-element.js';
import { definePage } from './page-parts.js';
import { handBack } from './sign-in-window.js';
import { signInOf } from './sign-in.js';

if (handBack()) {
  const main = document.createElement('main');
  main.className = 'handed-back';
  main.textContent = PAGE.handedBack;
  document.body.replaceChildren(main);
} else {
  definePage();
  for (const page of document.querySelectorAll<PageElement>('stripe-page')) page.signIn = signInOf(page);
}
