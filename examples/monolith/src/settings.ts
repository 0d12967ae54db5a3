import { randomBytes } from 'node:crypto';

/** Made at each start, so sessions end with it; an application of yours keeps one. */
export const SESSION_SECRET = process.env.SESSION_SECRET ?? randomBytes(32).toString('base64');

export const KEY_RING_FILE = process.env.KEY_RING_FILE ?? '.data/ring.json';

export const PORT = Number(process.env.PORT ?? 3000);

/** Where Stripe sends webhooks. */
export const PUBLIC_BASE_URL = process.env.PUBLIC_BASE_URL ?? `http://127.0.0.1:${PORT}`;

/** Another address than Stripe's own, for tests. */
export const STRIPE_API_BASE = process.env.STRIPE_API_BASE;
