// Plugins of Swagger UI. They are sent to the browser as text, so each must be self-contained.

/** What the plugins use of Swagger UI. */
interface SwaggerUi {
  getConfigs(): { oauth2RedirectUrl?: string };
  authSelectors: { authorized(): { toJS(): unknown } };
  authActions: { restoreAuthorization(payload: { authorized: unknown }): void };
}

/** What the plugins use of React. */
interface ReactLike {
  createElement(type: string, properties: object | null, ...children: unknown[]): unknown;
}

/** A request as Swagger UI keeps it. */
interface ShownRequest {
  method?: string;
  url?: string;
  headers?: Record<string, string>;
  body?: unknown;
}

type Action = (...parameters: unknown[]) => unknown;

/** Of the browser. */
declare const navigator: { clipboard: { writeText(text: string): Promise<void> } };
declare const location: { origin: string; pathname: string };
declare const sessionStorage: {
  getItem(name: string): string | null;
  setItem(name: string, value: string): void;
};

/**
 * Shows each request as a command for a shell in which token and secrets are variables: it can be copied to a colleague or a ticket, and
 * runs where these are set. Swagger UI's own would repeat them on the page.
 */
export function curlWithoutSecrets(): object {
  const secretName = /key|secret|token|password/i;
  /** Also in a field that is none for it. */
  const credential = /(?:(?:sk|rk|rkcs|pk|whsec|nsc)_|eyJ)[\w.-]*/g;
  const withoutSecrets = (text: string): string => text.replaceAll(credential, 'SECRET');
  /** A text within single quotes of a shell. */
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  /** A text within a here-document, in which only variables are replaced. */
  const literal = (text: string): string => text.replaceAll(/[\\$`]/g, '\\$&');
  const withVariables = (name: string, value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map((item) => withVariables(name, item)).join(', ')}]`;
    if (typeof value === 'object' && value !== null) {
      const fields = Object.entries(value).map(
        ([field, inner]) => `${literal(JSON.stringify(field))}: ${withVariables(field, inner)}`,
      );
      return `{${fields.join(', ')}}`;
    }
    return typeof value === 'string' && (secretName.test(name) || withoutSecrets(value) !== value)
      ? `"$${name.toUpperCase().replaceAll(/\W/g, '_')}"`
      : literal(JSON.stringify(value));
  };
  const bodyOf = (body: unknown): string => {
    try {
      return withVariables('', typeof body === 'string' ? JSON.parse(body) : body);
    } catch {
      // It is not JSON, and anything may be in it.
      return '$BODY';
    }
  };
  const commandOf = ({ method = 'GET', url = '', headers = {}, body }: ShownRequest): string => {
    const lines = [`curl -X ${method} ${quoted(withoutSecrets(url))}`];
    for (const [name, value] of Object.entries(headers)) {
      const isToken = name.toLowerCase() === 'authorization';
      lines.push(
        isToken
          ? `  -H "Authorization: Bearer $TOKEN"`
          : `  -H ${quoted(`${name}: ${withoutSecrets(value)}`)}`,
      );
    }
    if (body === undefined || body === null || body === '') return lines.join(' \\\n');
    return `${[...lines, '  --data-binary @- <<BODY'].join(' \\\n')}\n${bodyOf(body)}\nBODY`;
  };
  return {
    wrapComponents: {
      curl:
        (_original: unknown, { React }: { React: ReactLike }) =>
        ({ request }: { request: { toJS(): ShownRequest } }) => {
          const command = commandOf(request.toJS());
          const copy = (): void => void navigator.clipboard.writeText(command);
          return React.createElement(
            'div',
            { className: 'curl-command' },
            React.createElement('h4', null, 'Curl, with token and secrets as variables'),
            React.createElement('pre', { className: 'curl microlight' }, command),
            React.createElement('button', { className: 'btn', type: 'button', onClick: copy }, 'Copy'),
          );
        },
    },
  };
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
