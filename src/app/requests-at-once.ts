/** How many requests are worked on at once where the settings do not say it: less than a second's work. */
export const USUAL_REQUESTS_AT_ONCE = 100;
