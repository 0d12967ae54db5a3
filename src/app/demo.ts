import type { INestApplicationContext } from '@nestjs/common';
import { DEMO_DEVELOPER } from './sign-in-server/people.js';
import { ProjectService } from './projects/project.service.js';

/** The id of the demo developer's first project, created when there is none. */
export async function demoProject(app: INestApplicationContext): Promise<string> {
  const projects = app.get(ProjectService);
  const existing = (await projects.list(DEMO_DEVELOPER, { limit: 1_000, after: undefined })).projects.find(
    ({ is_active }) => is_active,
  );
  const project = existing ?? (await projects.create(DEMO_DEVELOPER, { name: 'Demo project' }));
  return project.id;
}

/** What the banner shows of the service. */
export interface BannerParts {
  /** Where it listens. */
  url: string;
  /** Whether it serves the page, and the explorer. */
  ui: boolean;
  docs: boolean;
  token: string;
}

/** What is printed at start: the addresses of page and explorer, and a request that works when pasted. */
export function banner({ url, ui, docs, token }: BannerParts, projectId: string): string {
  return `
  Stripe configuration of projects, for development

  Page       ${ui ? url : 'off (UI=false)'}
  Explorer   ${docs ? `${url}/docs` : 'off (DOCS=false)'}
  Project    ${projectId}
  Token      ${token}

  Try it:

  curl -X PUT ${url}/api/v1/payments/stripe/projects/${projectId}/config \\
    -H 'Authorization: Bearer ${token}' \\
    -H 'Content-Type: application/json' \\
    -d '{"test_secret_key": "sk_test_example_not_a_key", "test_webhook_secret": "whsec_example_not_a_secret"}'

`;
}
