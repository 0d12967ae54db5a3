/** How many requests are worked on at once where the settings do not say it: enough for a pool of connections, and less than half a second's work. */
export const USUAL_REQUESTS_AT_ONCE = 32;
