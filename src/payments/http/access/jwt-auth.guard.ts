import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AccessGuard } from './access.guard.js';

/** Lets a request pass that the module's access rules let pass: see `PaymentsModuleOptions.auth`. */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(@Inject(AccessGuard) private readonly access: AccessGuard) {}

  canActivate(context: ExecutionContext): Promise<boolean> {
    return this.access.canActivate(context);
  }
}
