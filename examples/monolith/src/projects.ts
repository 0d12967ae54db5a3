import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { ProjectOwnership, type OwnedProject } from 'nest-stripe-config';
import { Repository } from 'typeorm';
import { Project } from './entities.js';

/** Tells the payments module who owns a project. */
@Injectable()
export class Projects extends ProjectOwnership {
  constructor(@InjectRepository(Project) private readonly projects: Repository<Project>) {
    super();
  }

  async findOwner(id: string): Promise<string | undefined> {
    return (await this.projects.findOneBy({ id }))?.owner_id;
  }

  async listOwnedBy(owner_id: string): Promise<OwnedProject[]> {
    const projects = await this.projects.find({ where: { owner_id }, order: { created_at: 'ASC' } });
    return projects.map(({ id, name, created_at }) => ({
      id,
      name,
      description: null,
      isActive: true,
      createdAt: created_at,
    }));
  }
}
