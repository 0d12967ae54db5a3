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

/** What is printed at start: the address of the explorer, and a request that works when pasted. */
export function banner(baseUrl: string, docs: boolean, token: string, projectId: string): string {
  return `
  Stripe configuration of projects, for development

  Explorer   ${docs ? `${baseUrl}/docs` : 'off (DOCS=false)'}
  Project    ${projectId}
  Token      ${token}

  Try it:

  curl -X PUT ${baseUrl}/api/v1/payments/stripe/projects/${projectId}/config \\
    -H 'Authorization: Bearer ${token}' \\
    -H 'Content-Type: application/json' \\
    -d '{"test_secret_key": "sk_test_example_not_a_key", "test_webhook_secret": "whsec_example_not_a_secret"}'

`;
}
