import { flag, text, webOrigins, words } from './schemas.js';

/** What browsers get: the pages of this service, and answers to the pages of others. */
export const BROWSER_SETTINGS = {
  CORS_ORIGINS: {
    meaning:
      'whose pages may call the service from a browser: origins such as `https://admin.example`, separated by spaces',
    absent: 'no page of another origin',
    schema: webOrigins,
  },
  UI: {
    meaning: '`true` or `false`: serve a page at `/` where people enter the credentials of their projects',
    default: { production: 'false', otherwise: 'true' },
    schema: () => flag,
  },
  UI_CLIENT_ID: {
    meaning: 'a public client of the identity provider, as which the page signs people in',
    absent: 'the page says that nobody can sign in, except in development',
    schema: () => text,
  },
  UI_OAUTH_SCOPES: {
    meaning: 'what it asks for, separated by spaces',
    absent: '`openid profile` and the scope that is required',
    schema: () => words,
  },
  DOCS: {
    meaning: '`true` or `false`: serve the explorer and the OpenAPI document',
    default: { production: 'false', otherwise: 'true' },
    schema: () => flag,
  },
  DOCS_OAUTH_CLIENT_ID: {
    meaning: 'a public client of the identity provider, which the explorer signs in as',
    absent: 'the explorer offers no sign-in',
    schema: () => text,
  },
  DOCS_OAUTH_SCOPES: {
    meaning: 'what it asks for, separated by spaces',
    absent: '`openid` and the scope that is required',
    schema: () => words,
  },
} as const;
