import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ROOT, temporaryFolder } from './process.js';
import { run } from './run.js';

/** What installs the packages of the build stage, which are those of this folder: they are linked. */
const INSTALL_ALL = 'npm ci --ignore-scripts';

/** The last stage of the Dockerfile, made as folders without a container engine. */
export interface Image {
  /** Stands for `/` of the image. */
  readonly root: string;
  readonly workdir: string;
  readonly environment: Record<string, string>;
  readonly user: { uid: number; gid: number };
  readonly command: string[];
  readonly healthcheck: string[];
}

type MutableImage = { -readonly [Name in keyof Image]: Image[Name] };

/**
 * Does what the Dockerfile says, line by line, in folders that `cleanUp` removes.
 *
 * @throws for an instruction that it does not know, and for a file that .dockerignore keeps from the build
 */
export async function makeImage(): Promise<Image> {
  const folder = await temporaryFolder();
  // Others must pass through it, as through the `/` of an image.
  await chmod(folder, 0o755);
  const context = (await readFile(join(ROOT, '.dockerignore'), 'utf8')).match(/(?<=^!).+$/gm) ?? [];
  const stages = new Map<string, Image>();
  let image: MutableImage | undefined;
  for (const [name, text] of await instructions()) {
    if (name === 'FROM') {
      const stage = /(?<= AS )\w+$/.exec(text)?.[0] ?? 'final';
      image = emptyImage(join(folder, stage));
      stages.set(stage, image);
    } else if (image === undefined) throw new Error('The Dockerfile does not begin with FROM');
    else await follow(name, text, image, { stages, context });
  }
  if (image === undefined) throw new Error('The Dockerfile has no stage');
  return image;
}

/** The instructions, without comments, continued lines joined. */
async function instructions(): Promise<[name: string, text: string][]> {
  const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', ...rest] = line.split(' ');
      return [name, rest.join(' ')];
    });
}

function emptyImage(root: string): MutableImage {
  return { root, workdir: root, environment: {}, user: { uid: 0, gid: 0 }, command: [], healthcheck: [] };
}

async function follow(
  name: string,
  text: string,
  image: MutableImage,
  { stages, context }: { stages: Map<string, Image>; context: readonly string[] },
): Promise<void> {
  switch (name) {
    case 'WORKDIR':
      image.workdir = join(image.root, text);
      await mkdir(image.workdir, { recursive: true });
      return;
    case 'ENV':
      for (const [, key = '', value = ''] of text.matchAll(/(\w+)=(\S+)/g)) image.environment[key] = value;
      return;
    case 'USER': {
      const [uid = 0, gid = 0] = text.split(':').map(Number);
      image.user = { uid, gid };
      return;
    }
    case 'COPY':
      return copy(text, image, stages, context);
    case 'RUN':
      if (text === INSTALL_ALL)
        await symlink(join(ROOT, 'node_modules'), join(image.workdir, 'node_modules'));
      else await run(image.workdir, 'sh', '-c', text);
      return;
    case 'CMD':
      image.command = JSON.parse(text) as string[];
      return;
    case 'HEALTHCHECK':
      image.healthcheck = JSON.parse(text.slice(text.indexOf('['))) as string[];
      return;
    case 'EXPOSE':
      return;
    default:
      throw new Error(`The Dockerfile has an instruction that this does not know: ${name}`);
  }
}

async function copy(
  text: string,
  image: Image,
  stages: Map<string, Image>,
  context: readonly string[],
): Promise<void> {
  const parts = text.split(' ');
  const from = /^--from=(.+)$/.exec(parts[0] ?? '')?.[1];
  if (from !== undefined) parts.shift();
  const target = parts.pop() ?? '';
  for (const source of parts) {
    if (from === undefined && !context.includes(source.split('/')[0] ?? '')) {
      throw new Error(`${source} is kept from the build by .dockerignore`);
    }
    const origin = from === undefined ? join(ROOT, source) : join(stages.get(from)?.root ?? '', source);
    const place = join(image.workdir, target);
    await cp(origin, target.endsWith('/') ? join(place, basename(source)) : place, {
      recursive: true,
      verbatimSymlinks: true,
    });
  }
}

/** Starts a program in the image as its user, who may write nothing of it. */
export function runInImage(
  { workdir, environment, user }: Image,
  [program = '', ...args]: readonly string[],
  settings: Record<string, string>,
): ChildProcess {
  return spawn(program, args, {
    cwd: workdir,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...environment, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(process.getuid?.() === 0 && user),
  });
}
