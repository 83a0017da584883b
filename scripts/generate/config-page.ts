import { allKeys, formText, isValue, type Key, keysIn } from './keys.ts';
import { code, linkTo, marker, page, table } from './markdown.ts';

const INTRO = `A config is one YAML 1.2 file: \`vahti.yaml\`, or what \`-c\` names. A name and a command are enough:

\`\`\`yaml
services:
  clock:
    run: [sh, -c, "while date; do sleep 5; done"]
\`\`\`

Every key below may be left out unless its default says *required*. An unknown key is an error. Relative paths start at the folder of the config file. \`NAME\` stands for a name that you choose.

Durations have the units \`ms\`, \`s\`, \`m\`, \`h\`, \`d\` and \`w\`, from large to small: \`1h30m\`. Sizes have \`B\`, \`K\`, \`M\`, \`G\` and \`T\`, each 1024 times the one before: \`M\` is MiB.

\`vahti check\` finds every mistake, \`vahti plan\` shows what each value is and where it comes from. [vahti.example.yaml](vahti.example.yaml) has every key once. Editors complete and check a config that begins with

\`\`\`yaml
# yaml-language-server: $schema=https://unpkg.com/vahti/schema/vahti.schema.json
\`\`\``;

/** The reference page of the config: a section for each key that has keys in it, in the order of the schema. */
export function configPage(root: Key): string {
  const sections = allKeys(root).filter((key) => key.content.kind === 'section');
  return page([
    '# Config reference',
    marker('the config schema in src/'),
    INTRO,
    '## All keys',
    index(sections),
    ...sections.flatMap((section) => [`## ${headingOf(section)}`, section.description, keyTable(section)]),
  ]);
}

function headingOf(section: Key): string {
  return section.path === '' ? 'Top level' : code(section.path);
}

function index(sections: readonly Key[]): string {
  const lines = sections.map((section) => {
    const names = keysIn(section).map((key) => code(key.name));
    return `- ${linkTo(headingOf(section))}: ${names.join(', ')}`;
  });
  return lines.join('\n');
}

function keyTable(section: Key): string {
  const rows = keysIn(section).map((key) => {
    const name = code(key.name);
    if (isValue(key)) return [name, formText(key.content.form, code), defaultText(key), key.description];
    const inner = key.content.kind === 'named' ? key.content.each : key;
    const form = `keys: ${linkTo(headingOf(inner))}`;
    return [name, form, defaultText(key), key.description];
  });
  return table(['Key', 'Written as', 'Default', 'Meaning'], rows);
}

function defaultText(key: Key): string {
  if (key.required) return '*required*';
  return isValue(key) ? (key.content.default?.text ?? 'none') : '';
}
