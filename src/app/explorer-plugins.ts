// Plugins of Swagger UI. They are sent to the browser as text, so each must be self-contained.

/** What the plugins use of Swagger UI. */
interface SwaggerUi {
  getConfigs(): { oauth2RedirectUrl?: string };
  authSelectors: { authorized(): { toJS(): unknown } };
  authActions: { restoreAuthorization(payload: { authorized: unknown }): void };
}

type Action = (...parameters: unknown[]) => unknown;

/** Of the browser. */
declare const location: { origin: string; pathname: string };
declare const sessionStorage: {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
};

/** Leaves out the curl command, which would repeat token and secrets on the page. */
export function withoutCurl(): object {
  return { wrapComponents: { curl: () => () => null } };
}

/**
 * Persists the authorization when the page is reloaded, as `persistAuthorization` would, but for this tab and until it is
 * closed only. Redirects the sign-in back to the page that is served for it, at whatever address the explorer is reached.
 */
export function keepAuthorizationInTab(): object {
  const name = 'authorized';
  return {
    statePlugins: {
      auth: {
        wrapActions: {
          persistAuthorizationIfNeeded: (_: Action, ui: SwaggerUi) => () => {
            sessionStorage.setItem(name, JSON.stringify(ui.authSelectors.authorized().toJS()));
            return { type: 'authorization_kept' };
          },
        },
      },
      configs: {
        wrapActions: {
          loaded:
            (loaded: Action, ui: SwaggerUi) =>
            (...parameters: unknown[]) => {
              const folder = location.pathname.replace(/\/(index\.html)?$/, '');
              ui.getConfigs().oauth2RedirectUrl = `${location.origin}${folder}/oauth2-redirect.html`;
              const authorized = sessionStorage.getItem(name);
              if (authorized !== null) {
                ui.authActions.restoreAuthorization({ authorized: JSON.parse(authorized) as unknown });
              }
              return loaded(...parameters);
            },
        },
      },
    },
  };
}
