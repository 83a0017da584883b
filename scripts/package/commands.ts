import { spawn } from 'node:child_process';

/** Programs that packages are built with, and the Debian package that has each. */
const FROM: Readonly<Record<string, string>> = {
  'dpkg-deb': 'dpkg',
  rpmbuild: 'rpm',
  tar: 'tar',
  git: 'git',
};
const MOST_MS = 600_000;

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end; what it wrote to standard output is the answer.
 * @throws where it is not there, ends badly or takes longer than 10 minutes: a whole sentence, with the end of what it said.
 */
export function run(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = spawn(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const late = setTimeout(() => child.kill('SIGKILL'), MOST_MS);
  let [answer, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
    said = (said + text).slice(-4000);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(late);
      const where = FROM[file] === undefined ? '' : ` (apt-get install ${FROM[file]})`;
      const why = error.code === 'ENOENT' ? `there is no such program${where}` : error.message;
      reject(new Error(`cannot run ${file}: ${why}`));
    });
    child.once('close', (code, signal) => {
      clearTimeout(late);
      if (code === 0) resolve(answer);
      else
        reject(
          new Error(
            `cannot go on: ${[file, ...args].join(' ')} ended with ${signal ?? `code ${code}`}\n${said.trim()}`,
          ),
        );
    });
  });
}
