import type { MemberListResponse } from '../../app/projects/members/member.dto.js';
import type { ProjectResponse } from '../../app/projects/project.dto.js';
import type { CreateServiceTokenRequest } from '../../app/service-tokens/service-token.dto.js';
import type {
  CreatedOwnServiceTokenResponse,
  CreatedServiceTokenResponse,
  ServiceTokenListResponse,
} from '../../app/service-tokens/service-token.responses.js';
import type { ProjectRole } from '../../payments/domain/project-access.js';
import type {
  ProjectPaymentConfigListResponse,
  ProjectPaymentConfigResponse,
} from '../../payments/project-list/project-list.dto.js';
import type { Api } from '../api/api.js';
import type { Json } from '../json.js';

export type Project = Json<ProjectResponse>;
export type ListedProject = Json<ProjectPaymentConfigResponse>;
export type Members = Json<MemberListResponse>;
export type Member = Members['members'][number];

export type ServiceTokens = Json<ServiceTokenListResponse>;
export type ServiceToken = ServiceTokens['service_tokens'][number];

type CreatedToken = Json<CreatedServiceTokenResponse | CreatedOwnServiceTokenResponse>;

/** A page of projects, and the query of the next one. */
export interface ProjectPage {
  projects: ListedProject[];
  next: string | undefined;
}

/** What the service's own page asks about projects, apart from their settings. */
export class ProjectsApi {
  constructor(private readonly api: Api) {}

  /** @param page the query of a page; default: the first */
  async list(page = ''): Promise<ProjectPage> {
    const query = Object.fromEntries(new URLSearchParams(page));
    const path = 'payments/projects';
    const { value, next } = await this.api.request<Json<ProjectPaymentConfigListResponse>>('GET', path, {
      query,
    });
    return { projects: value.projects, next };
  }

  async find(id: string): Promise<Project> {
    return (await this.api.request<Project>('GET', pathOf(id))).value;
  }

  async create(project: { name: string; description?: string }): Promise<Project> {
    return (await this.api.request<Project>('POST', 'projects', { body: project })).value;
  }

  async deactivate(id: string): Promise<void> {
    await this.api.request('DELETE', pathOf(id));
  }

  async members(id: string, cursor?: string): Promise<Members> {
    return (await this.api.request<Members>('GET', `${pathOf(id)}/members`, { query: { cursor } })).value;
  }

  async setMember(id: string, subject: string, role: ProjectRole): Promise<void> {
    await this.api.request('PUT', `${pathOf(id)}/members/${encodeURIComponent(subject)}`, { body: { role } });
  }

  async removeMember(id: string, subject: string): Promise<void> {
    await this.api.request('DELETE', `${pathOf(id)}/members/${encodeURIComponent(subject)}`);
  }

  async tokens(id: string, cursor?: string): Promise<ServiceTokens> {
    const path = `${pathOf(id)}/service-tokens`;
    return (await this.api.request<ServiceTokens>('GET', path, { query: { cursor } })).value;
  }

  /**
   * Its answer alone has the token itself.
   *
   * @param others further projects in which it is to work
   */
  async makeToken(
    id: string,
    token: Json<CreateServiceTokenRequest>,
    others: readonly string[],
  ): Promise<CreatedToken> {
    const [path, body] =
      others.length === 0
        ? [`${pathOf(id)}/service-tokens`, token]
        : ['service-tokens', { ...token, project_ids: [id, ...others] }];
    return (await this.api.request<CreatedToken>('POST', path, { body })).value;
  }

  /** Takes a project from a token, which ends where that was its last one. */
  async revokeToken(id: string, token: string): Promise<void> {
    await this.api.request('DELETE', `${pathOf(id)}/service-tokens/${encodeURIComponent(token)}`);
  }

  /** Ends a token of one's own in all its projects. */
  async revokeOwnToken(token: string): Promise<void> {
    await this.api.request('DELETE', `service-tokens/${encodeURIComponent(token)}`);
  }
}

function pathOf(id: string): string {
  return `projects/${encodeURIComponent(id)}`;
}
