import { PAGE } from '../texts/page-texts.js';
import { authorizationUrl, newCodeRequest, sessionFrom } from './authorization-code.js';
import { showHandingBack } from './handed-back.js';
import type { Provider } from './provider.js';
import type { OtherWindow, Session } from './session.js';

/** What the state begins with of a sign-in for which another window waits. */
const MARK = 'window.';
/** How windows of this page speak with each other, also where a provider cuts the one that it is in off its opener. */
const CHANNEL = 'sign-in';
const FEATURES = 'popup,width=500,height=720';
/** How often is looked whether the window is still there, in milliseconds. */
const LOOK_MS = 500;
/** How long a page that waits for a window may take to say that it has its answer, in milliseconds. */
const TAKEN_MS = 3_000;

/**
 * Signs in once more in a window of its own; state, nonce and verifier are in the memory of this page alone. To be called while a
 * click is handled: browsers open no windows otherwise.
 *
 * @returns undefined when it was aborted
 * @throws Error with a sentence for people
 */
export async function signInByWindow(provider: Provider, other: OtherWindow): Promise<Session | undefined> {
  const opened = open('', '', FEATURES);
  if (opened === null || opened.closed) throw new Error(PAGE.windowBlocked);
  // Nothing that is shown there shall lead this page elsewhere.
  opened.opener = null;
  const request = newCodeRequest(MARK);
  const answering = answerTo(request.state, opened, other);
  opened.location.replace(await authorizationUrl(provider, request));
  const answer = await answering;
  return answer && unlessAborted(sessionFrom(provider, answer, request), other.signal);
}

/** What a window leads to that was given up while its answer was on the way, is nobody's: not even its refusal is told. */
async function unlessAborted(
  exchanging: Promise<Session>,
  signal: AbortSignal,
): Promise<Session | undefined> {
  try {
    const session = await exchanging;
    if (!signal.aborted) return session;
    session.forget();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return undefined;
}

/** The first answer that has the state; whatever else is said in the channel, is said to others or by nobody who knows it. */
function answerTo(
  state: string,
  opened: Window,
  { signal, onOutOfSight }: OtherWindow,
): Promise<URLSearchParams | undefined> {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(CHANNEL);
    const looking = setInterval(() => {
      if (!opened.closed) return;
      // It may only look closed, so that its answer is still taken.
      clearInterval(looking);
      onOutOfSight();
    }, LOOK_MS);
    const finish = (answer?: URLSearchParams): void => {
      clearInterval(looking);
      channel.close();
      resolve(answer);
    };
    channel.onmessage = ({ data }: MessageEvent<unknown>): void => {
      const answer = new URLSearchParams(typeof data === 'string' ? data : '');
      if (answer.get('state') !== state) return;
      channel.postMessage(state);
      finish(answer);
    };
    signal.addEventListener('abort', () => {
      finish();
      opened.close();
    });
  });
}

/**
 * In the window in which somebody has signed in: gives the provider's answer to the page that waits for it, which then lets the
 * window close.
 *
 * @returns whether it is such a window; where nobody waits, it stays open
 */
export function handBack(): boolean {
  const answer = new URLSearchParams(location.search);
  const state = answer.get('state');
  if (state?.startsWith(MARK) !== true) return false;
  // At once: neither the history nor a copied address shall have a code in it.
  history.replaceState(null, '', location.pathname);
  const say = showHandingBack();
  const channel = new BroadcastChannel(CHANNEL);
  const waiting = setTimeout(() => {
    // It may still be taken: browsers let pages sleep that nobody looks at.
    say(false);
  }, TAKEN_MS);
  channel.onmessage = ({ data }: MessageEvent<unknown>): void => {
    if (data !== state) return;
    clearTimeout(waiting);
    say(true);
    close();
  };
  channel.postMessage(answer.toString());
  return true;
}
