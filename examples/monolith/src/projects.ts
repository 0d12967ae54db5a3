import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { ProjectAccess, type OwnedProjects, type ProjectPage } from 'nest-stripe-config';
import { Repository } from 'typeorm';
import { Project } from './entities.js';

/** Tells the payments module who owns a project. */
@Injectable()
export class Projects extends ProjectAccess {
  constructor(@InjectRepository(Project) private readonly projects: Repository<Project>) {
    super();
  }

  async findOwner(id: string): Promise<string | undefined> {
    return (await this.projects.findOneBy({ id }))?.owner_id;
  }

  async listOwnedBy(owner_id: string, { limit, after }: ProjectPage): Promise<OwnedProjects> {
    const page = this.projects.createQueryBuilder('project').where({ owner_id });
    if (after !== undefined) {
      page.andWhere('(project.created_at, project.id) > (:createdAt, :id)', { ...after });
    }
    const found = await page.orderBy('project.created_at').addOrderBy('project.id').limit(limit).getMany();
    const projects = found.map(({ id, name, created_at }) => ({
      id,
      name,
      description: null,
      isActive: true,
      createdAt: created_at,
    }));
    return { projects, total: await this.projects.countBy({ owner_id }) };
  }
}
