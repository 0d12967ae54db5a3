import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  Controller,
  Get,
  Header,
  NotFoundException,
  Param,
  ParseUUIDPipe,
  Req,
  UseGuards,
} from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { Project } from './entities.js';
import { SessionGuard, signIn, type SignedIn } from './session.guard.js';

const ELEMENT = readFileSync(fileURLToPath(import.meta.resolve('nest-stripe-config/ui')), 'utf8');

/** The page's own scripts alone: keys are pasted here. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
  "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html";

/** Where the owner of a project pastes its Stripe keys, in the application's own session. */
@Controller()
export class SettingsPageController {
  constructor(@InjectRepository(Project) private readonly projects: Repository<Project>) {}

  @Get('projects/:id/settings')
  @UseGuards(SessionGuard)
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', POLICY)
  @Header('Cache-Control', 'no-store')
  async page(@Param('id', ParseUUIDPipe) id: string, @Req() { user }: SignedIn): Promise<string> {
    const project = await this.projects.findOneBy({ id, owner_id: user?.id ?? '' });
    if (project === null) throw new NotFoundException();
    const name = escaped(project.name);
    return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${name}</title>
    <script type="module" src="/assets/stripe-settings.mjs"></script>
  </head>
  <body>
    <main>
      <h1>${name}</h1>
      <h2>Stripe</h2>
      <stripe-settings project-id="${id}" project-name="${name}"></stripe-settings>
    </main>
  </body>
</html>`;
  }

  @Get('assets/stripe-settings.mjs')
  @Header('Content-Type', 'text/javascript; charset=utf-8')
  element(): string {
    return ELEMENT;
  }

  /** Stands in for your sign-in: whoever asks is alice. Other sites can neither use nor read the cookie. */
  @Get('sign-in')
  @Header('Content-Type', 'text/plain')
  signIn(@Req() { res }: { res: { cookie(name: string, value: string, options: object): void } }): string {
    res.cookie('session', signIn('alice'), { httpOnly: true, sameSite: 'strict', path: '/' });
    return 'You are alice.';
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
