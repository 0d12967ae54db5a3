import { Api } from '../api/api.js';
import { ProjectsApi } from './projects-api.js';
import type { Session } from './session.js';

/** How the service is asked for a person. */
export interface Access {
  subject: string | undefined;
  token: (refused?: string) => Promise<string>;
  api: ProjectsApi;
}

/**
 * How the service is asked for one person: what was begun for them does not go on as somebody else.
 *
 * @param current the session that there is now
 * @param onSignedOut told when theirs is over
 */
export function accessFor(
  subject: string | undefined,
  current: () => Session | null | undefined,
  onSignedOut: () => void,
): Access {
  const token = async (refused?: string): Promise<string> => {
    const session = current();
    if (!session || session.subject !== subject) throw new Error('nobody is signed in, or somebody else');
    try {
      return await session.token(refused);
    } catch (error) {
      // Another session may have taken its place meanwhile.
      if (session === current()) throw error;
      return token(refused);
    }
  };
  return { subject, token, api: new ProjectsApi(new Api({ base: 'api/v1', token, onSignedOut })) };
}
