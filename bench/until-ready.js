import { setTimeout as delay } from 'node:timers/promises';

/** Waits until a service serves: it listens before it has opened and migrated its database. */
export async function untilReady(url) {
  for (let tries = 0; tries < 600; tries++) {
    const { ok } = await fetch(`${url}/health/ready`);
    if (ok) return;
    await delay(100);
  }
  throw new Error(`${url} was not ready in 60 s`);
}
