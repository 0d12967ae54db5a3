import type { ModuleRef } from '@nestjs/core';
import { ExplainedError } from './explained-error.js';
import { HostProjects } from '../http/access/project-ownership.guard.js';
import { type OwnedProjects, ProjectOwnership } from './project-ownership.js';

const PROJECT = { id: 'a', name: 'Shop', description: null, isActive: true, createdAt: new Date() };

class Projects extends ProjectOwnership {
  constructor(private readonly owned: unknown) {
    super();
  }

  findOwner(): Promise<string> {
    return Promise.resolve('alice');
  }

  listOwnedBy(): Promise<OwnedProjects> {
    return Promise.resolve(this.owned as OwnedProjects);
  }
}

async function list(owned: unknown): Promise<OwnedProjects> {
  const projects = new HostProjects({ projects: new Projects(owned) }, {} as ModuleRef);
  await projects.onModuleInit();
  return projects.listOwnedBy('alice', { limit: 2, after: undefined });
}

describe('a host’s list of projects', () => {
  it('is taken as a page', async () => {
    const owned = { projects: [PROJECT, PROJECT], total: 3 };
    expect(await list(owned)).toEqual(owned);
  });

  it.each([
    ['more than were wanted', { projects: [PROJECT, PROJECT, PROJECT], total: 3 }],
    ['a list without a number', [PROJECT]],
    ['no number', { projects: [PROJECT] }],
    ['nothing', undefined],
  ])('is refused with a word to the host when it is %s', async (_, owned) => {
    await expect(list(owned)).rejects.toThrow(ExplainedError);
  });
});
