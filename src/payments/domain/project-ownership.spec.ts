import type { ModuleRef } from '@nestjs/core';
import { HostFault } from './host-fault.js';
import { HostProjects } from '../http/access/project-ownership.guard.js';
import { type OwnedProjects, ProjectOwnership } from './project-ownership.js';

const PROJECT = { id: 'a', name: 'Shop', description: null, isActive: true, createdAt: new Date() };

class Projects extends ProjectOwnership {
  constructor(private readonly gives: unknown) {
    super();
  }

  findOwner(): Promise<string> {
    return Promise.resolve(this.gives as string);
  }

  listOwnedBy(): Promise<OwnedProjects> {
    return Promise.resolve(this.gives as OwnedProjects);
  }
}

async function projectsThatGive(gives: unknown): Promise<HostProjects> {
  const projects = new HostProjects({ projects: new Projects(gives) }, {} as ModuleRef);
  await projects.onModuleInit();
  return projects;
}

async function list(owned: unknown): Promise<OwnedProjects> {
  return (await projectsThatGive(owned)).listOwnedBy('alice', { limit: 2, after: undefined });
}

describe('the owner of a project', () => {
  const ownerOf = async (owner: unknown) => (await projectsThatGive(owner)).findOwner('a');

  it.each<[unknown, unknown]>([
    ['alice', 'alice'],
    [1, '1'],
    [2n ** 63n, '9223372036854775808'],
    [null, null],
    [undefined, undefined],
  ])('may be %p', async (owner, text) => {
    expect(await ownerOf(owner)).toBe(text);
  });

  it.each<[unknown, string]>([
    [NaN, 'a number that is no safe integer'],
    ['', 'an empty text'],
    [true, 'a boolean'],
    [{ owner: 'alice' }, 'an object'],
    [['alice'], 'a list'],
  ])('is a fault of the host when it is %p', async (owner, words) => {
    const found = ownerOf(owner);
    await expect(found).rejects.toThrow(HostFault);
    await expect(found).rejects.toThrow(
      `findOwner of projects gave ${words} for the owner; it must be an id: a text of 1 to`,
    );
  });
});

describe('a host’s list of projects', () => {
  it('is taken as a page', async () => {
    const owned = { projects: [PROJECT, PROJECT], total: 3 };
    expect(await list(owned)).toEqual(owned);
  });

  it.each([
    ['more than were wanted', { projects: [PROJECT, PROJECT, PROJECT], total: 3 }],
    ['a list without a number', [PROJECT]],
    ['no number', { projects: [PROJECT] }],
    ['a count as the driver gives it', { projects: [PROJECT], total: '3' }],
    ['nothing', undefined],
    ['a project without an id', { projects: [{ ...PROJECT, id: undefined }], total: 1 }],
    ['a project with an object for its id', { projects: [{ ...PROJECT, id: {} }], total: 1 }],
  ])('is refused with a word to the host when it is %s', async (_, owned) => {
    await expect(list(owned)).rejects.toThrow(HostFault);
  });
});
