import type { Command } from 'commander';
import { answered, controlClient } from '../control.ts';
import { answeredByJobs } from '../job-words.ts';
import { type JsonOption, jsonOption, subcommand } from '../options.ts';
import { colours, paint, printable, printJson } from '../output.ts';
import { recordText } from '../record-text.ts';

export function addExplain(program: Command): void {
  subcommand(
    program,
    'explain <name>',
    'say why a service, or a job (job/NAME), is as it is, on what evidence, and what happens next and when',
  )
    .addOption(jsonOption())
    .action(async (name: string, options: JsonOption) => {
      const { config, json } = options;
      if (name.startsWith('job/')) return showJob(name.slice('job/'.length), options);
      const explanation = answered(await (await controlClient(config)).call('explain', { name }));
      if (json) return printJson(explanation);
      const colour = colours(process.stdout);
      const lines = [
        paint(colour, 'bold', `${name} is ${explanation.service.state}`),
        ...explanation.because,
      ];
      if (explanation.evidence.length > 0) lines.push('', 'What led here:');
      for (const record of explanation.evidence) lines.push(recordText(record, { colour, service: false }));
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

async function showJob(name: string, { config, json }: JsonOption): Promise<void> {
  const { job, because, evidence } = answeredByJobs(
    await (await controlClient(config)).call('job-explain', { name }),
  );
  if (json) return printJson({ job, because, evidence });
  const colour = colours(process.stdout);
  const state = job.standing === 'ok' ? job.state : `${job.state}, and ${job.standing}`;
  const lines = [paint(colour, 'bold', `job/${name} is ${state}`), ...because.map(printable)];
  if (evidence.length > 0) lines.push('', 'What led here:');
  for (const record of evidence) lines.push(recordText(record, { colour, service: false }));
  process.stdout.write(`${lines.join('\n')}\n`);
}
