import { PAGE } from '../texts/page-texts.js';

/**
 * Shows in the window in which somebody has signed in, instead of the page, that its answer is handed over.
 *
 * @returns what then says whether the page that opened the window has taken it
 */
export function showHandingBack(): (isTaken: boolean) => void {
  const main = document.createElement('main');
  main.className = 'handed-back';
  main.ariaLive = 'polite';
  main.textContent = PAGE.handingBack;
  document.body.replaceChildren(main);
  return (isTaken) => {
    if (isTaken) main.textContent = PAGE.handedBack;
    else main.replaceChildren(`${PAGE.notHandedBack} `, linkToPage());
  };
}

function linkToPage(): HTMLElement {
  const link = document.createElement('a');
  link.href = location.pathname;
  link.textContent = PAGE.openPage;
  return link;
}
