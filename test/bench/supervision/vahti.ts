import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endForeground, output, startForeground } from '../foreground.ts';
import { ownNode } from '../own-node.ts';
import { buildProgram } from '../program.ts';
import type { Contestant } from './contestant.ts';

interface Status {
  readonly services: readonly {
    readonly name: string;
    readonly state: string;
    readonly lane: string;
    readonly nextStartAt: number | null;
  }[];
}

/** Vahti as it is published: compiled, with its own defaults. */
export function prepareVahti(temp: string): Contestant {
  const folder = join(temp, 'vahti');
  const program = buildProgram(folder);
  const node = ownNode(folder);
  return {
    name: 'vahti',
    title: 'Vahti, as installed',
    async start(place, services) {
      const file = join(place, 'vahti.yaml');
      const runs = services.map(({ name, argv }) => [name, { run: argv }]);
      // JSON is YAML.
      writeFileSync(file, JSON.stringify({ services: Object.fromEntries(runs) }));
      const child = startForeground({ argv: [node, program, 'up', '-c', file] }, place);
      return {
        pid: child.pid ?? 0,
        statusCommand: { argv: [node, program, 'status', '-c', file] },
        async stateOf(name) {
          const said = await output({ argv: [node, program, 'status', '--json', '-c', file] });
          const found = (JSON.parse(said) as Status).services.find((service) => service.name === name);
          if (found === undefined) return 'unknown';
          const { state, lane, nextStartAt } = found;
          const wait = nextStartAt === null ? '' : `, next start in ${seconds(nextStartAt - Date.now())}`;
          return `\`${state}\`, \`${lane}\` lane${wait}`;
        },
        stop: () => endForeground(child, place),
      };
    },
  };
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1_000))} s`;
}
