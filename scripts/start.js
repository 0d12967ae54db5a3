// `npm start`: compiles what has changed, and runs the service. Where there are no sources, as in an image, it only runs it.
// Written so that any Node that knows modules can run it.
import { existsSync, readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const oldest = readFileSync(new URL('package.json', root), 'utf8').match(/"node": "\^(\d+)\.(\d+)/);
const [major, minor] = process.versions.node.split('.').map(Number);
const parent = process.ppid;

if (major < Number(oldest[1]) || (major === Number(oldest[1]) && minor < Number(oldest[2]))) {
  process.stderr.write(
    `This needs Node ${oldest[1]}.${oldest[2]} or newer, and this is Node ${process.versions.node}: install a newer one from https://nodejs.org.\n`,
  );
  process.exit(1);
}

async function start() {
  if (existsSync(new URL('src', root)) && existsSync(new URL('tsconfig.build.json', root))) {
    const { build, findCompiler, isBuilt } = await import('./build.js');
    // What was compiled elsewhere runs without the compiler.
    const isBroughtAlong = findCompiler() === undefined && existsSync(new URL('dist/main.js', root));
    if (!isBroughtAlong && !isBuilt()) {
      process.stdout.write('Compiling, which takes some seconds the first time and after a change …\n');
      const code = build();
      if (code !== 0) process.exit(code);
    }
  }
  // npm passes signals on, but one that was killed cannot, and its terminal may be gone.
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, 1000).unref();
  await import('../dist/main.js');
}

start();
