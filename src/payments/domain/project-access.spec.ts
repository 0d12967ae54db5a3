import type { ModuleRef } from '@nestjs/core';
import { HostFault } from './host-fault.js';
import { ProjectIds } from './project-ids.js';
import type { HostId } from './host-id.js';
import { HostProjects } from '../http/access/project-ownership.guard.js';
import { type OwnedProjects, ProjectAccess } from './project-access.js';

const ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const PROJECT = { id: ID, name: 'Shop', description: null, isActive: true, createdAt: new Date() };

class Projects extends ProjectAccess {
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

async function projectsThatGive(gives: unknown, projectIds = ProjectIds.of()): Promise<HostProjects> {
  const projects = new HostProjects({ projects: new Projects(gives), projectIds }, {} as ModuleRef);
  await projects.onModuleInit();
  return projects;
}

async function list(owned: unknown, projectIds?: ProjectIds): Promise<OwnedProjects> {
  return (await projectsThatGive(owned, projectIds)).listOwnedBy('alice', { limit: 2, after: undefined });
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
      `findOwner of projects gave ${words} for the owner; it must give an id: a text of 1 to`,
    );
  });
});

describe('a host’s list of projects', () => {
  it('is taken as a page', async () => {
    const owned = { projects: [PROJECT, PROJECT], total: 3 };
    expect(await list(owned)).toEqual(owned);
  });

  it.each<[HostId, ProjectIds, string]>([
    [ID.toUpperCase(), ProjectIds.of(), ID],
    [42, ProjectIds.of('integer'), '42'],
    [42n, ProjectIds.of('bigint'), '42'],
    ['01arz3ndektsv4rrffq69g5fav', ProjectIds.of('ulid'), '01ARZ3NDEKTSV4RRFFQ69G5FAV'],
  ])('has ids in their canonical spelling: %p', async (id, projectIds, canonical) => {
    const { projects } = await list({ projects: [{ ...PROJECT, id }], total: 1 }, projectIds);
    expect(projects).toEqual([{ ...PROJECT, id: canonical }]);
  });

  it('is a fault of the host when an id is of another form, and the option that says so is named', async () => {
    const listed = list({ projects: [{ ...PROJECT, id: 42 }], total: 1 });
    await expect(listed).rejects.toThrow(HostFault);
    await expect(listed).rejects.toThrow(/whose id is not a UUID, such as .*; say by the option projectIds/);
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
