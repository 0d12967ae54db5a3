import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ProjectAccess, type OwnedProjects, type ProjectPage } from 'nest-stripe-config';
import { DataSource } from 'typeorm';

/** Lets signed-in callers pass, and leaves their id in request.user.id. */
@Injectable()
export class CallerGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string>; user?: object }>();
    request.user = { id: request.headers['x-user'] };
    return request.headers['x-user'] !== undefined;
  }
}

/** Says which projects there are, and who owns them. */
@Injectable()
export class ProjectOwners extends ProjectAccess {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async findOwner(projectId: string): Promise<string | undefined> {
    const query = 'SELECT owner FROM shops WHERE id = $1';
    return (await this.dataSource.query<{ owner: string }[]>(query, [projectId]))[0]?.owner;
  }

  async listOwnedBy(subject: string, { limit, after }: ProjectPage): Promise<OwnedProjects> {
    const query = `SELECT id, name, NULL AS description, true AS "isActive", created_at AS "createdAt" FROM shops
      WHERE owner = $1 AND (created_at, id) > ($2, $3) ORDER BY created_at, id LIMIT $4`;
    const first = { createdAt: '-infinity', id: '00000000-0000-0000-0000-000000000000' };
    const { createdAt, id } = after ?? first;
    const count = 'SELECT count(*)::integer AS total FROM shops WHERE owner = $1';
    const [counted] = await this.dataSource.query<{ total: number }[]>(count, [subject]);
    const projects = await this.dataSource.query(query, [subject, createdAt, id, limit]);
    return { projects, total: counted?.total ?? 0 };
  }
}
