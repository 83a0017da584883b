import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from 'node:fs';
import { delimiter, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { shellArgv } from '../shell-line.ts';
import { splitAsPm2, type Fields } from './fields.ts';

/** Which interpreter PM2 takes for a script without saying so, by the end of its name (lib/API/interpreter.json). */
const BY_EXTENSION: Readonly<Record<string, string>> = {
  '.sh': 'bash',
  '.py': 'python',
  '.rb': 'ruby',
  '.php': 'php',
  '.pl': 'perl',
  '.coffee': 'coffee',
  '.ls': 'lsc',
  '.ts': 'bun',
  '.tsx': 'bun',
};
const NODE_EXTENSIONS = new Set(['.js', '.cjs', '.mjs', '.jsx']);

export interface AppCommand {
  readonly argv: readonly string[];
  /** What the interpreter gets from PM2 in its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

/** The command of an app, as PM2 would start it in this folder. Undefined where it cannot be told; that is reported. */
export function appCommand(fields: Fields, cwd: string): AppCommand | undefined {
  const script = fields.text('script');
  if (script === undefined || script.trim() === '') {
    if (!fields.has('script') || script !== undefined) fields.complain('script', 'it names no script');
    return undefined;
  }
  const args = fields.list('args') ?? [];
  const nodeArgs = fields.list('node_args') ?? [];
  if (script.includes(' ')) return lineCommand(script, args);
  const notes: string[] = [];
  const interpreter = interpreterOf(fields, script, cwd, notes);
  if (interpreter === 'none') {
    if (nodeArgs.length > 0)
      notes.push(`not taken over: ${fields.spelling('node_args')}: there is no interpreter to give them to`);
    return { argv: [executable(script, cwd), ...args], env: {}, notes };
  }
  const maps = fields.flag('source_map_support') === true && interpreter.endsWith('node');
  const options = maps && !nodeArgs.includes('--enable-source-maps') ? ['--enable-source-maps'] : [];
  const env: Record<string, string> = interpreter.includes('python') ? { PYTHONUNBUFFERED: '1' } : {};
  return { argv: [interpreter, ...nodeArgs, ...options, inFolder(script, cwd), ...args], env, notes };
}

/** A script with a blank in it is a line for a shell, and its `args` are dropped: so it is in PM2. */
function lineCommand(script: string, args: readonly string[]): AppCommand {
  const dropped =
    args.length > 0 ? ['not taken over: args: PM2 drops them where the script is a whole line'] : [];
  return { argv: shellArgv(script, 'bash'), env: {}, notes: dropped };
}

function interpreterOf(fields: Fields, script: string, cwd: string, notes: string[]): string {
  const written = fields.text('interpreter');
  if (written !== undefined && written.trim() !== '') {
    const [word = ''] = splitAsPm2(written);
    const [, version] = /^node@(.+)$/.exec(word) ?? [];
    if (version === undefined) return word;
    notes.push(
      `look: PM2 takes Node ${version} from nvm; here it is the first \`node\` on the daemon’s path`,
    );
    return 'node';
  }
  const extension = extname(script);
  const usual = BY_EXTENSION[extension];
  if (usual === 'python') return onPath('python') ? 'python' : 'python3';
  if (usual !== undefined) return usual;
  if (NODE_EXTENSIONS.has(extension)) return 'node';
  const file = resolve(cwd, script);
  // PM2 runs any text with node; what says by its first line how it is to be run, is run so.
  return isText(file) && !isExecutable(file) ? 'node' : 'none';
}

/** A program as it is started: one in the folder by its path, any other by the search path. */
function executable(script: string, cwd: string): string {
  if (script.includes('/')) return inFolder(script, cwd);
  return existsSync(join(cwd, script)) ? `./${script}` : script;
}

/** A script's path, relative to the folder that it runs in where it lies below. */
function inFolder(script: string, cwd: string): string {
  if (!isAbsolute(script)) return script;
  const below = relative(cwd, script);
  return below === '' || below.startsWith('..') ? script : below;
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Whether a file is there and its first bytes are text. */
function isText(file: string): boolean {
  try {
    const handle = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(512);
      return !bytes.subarray(0, readSync(handle, bytes)).includes(0);
    } finally {
      closeSync(handle);
    }
  } catch {
    return false;
  }
}
