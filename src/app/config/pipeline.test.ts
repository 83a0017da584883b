import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PipelineInput, resolved } from '../../../test/rig/pipeline.ts';
import { tempFolder } from '../../../test/rig/leaks.ts';

const COPY = { from: 'inbox', run: ['cp', '{in}', '{out}'] };

test('what is wrong with a pipeline is said in a sentence each, all at once', (t) => {
  const folder = tempFolder(t);
  const inbox = { root: 'incoming' };
  const messages = (config: PipelineInput): readonly string[] =>
    resolved(folder, { inbox, ...config }).diagnostics.map(
      ({ severity, message }) => `${severity}: ${message}`,
    );
  const step = (more: PipelineInput): PipelineInput => ({ steps: { A: { ...COPY, ...more } } });
  const cases: readonly (readonly [PipelineInput, readonly string[]])[] = [
    [
      { steps: {} },
      [
        'error: cannot run a pipeline without a step',
        'warning: no step takes from inbox: its files are written down, and nothing is done with them',
      ],
    ],
    [
      { inbox: undefined, steps: { A: { ...COPY, from: 'x' } } },
      [
        'error: cannot do without an inbox: write "inbox", or "inboxes" with names',
        'error: cannot take from "x": there is no such inbox or step',
      ],
    ],
    [
      { inboxes: { tm: inbox }, ...step({}) },
      [
        'warning: no step takes from tm: its files are written down, and nothing is done with them',
        'error: cannot use both "inbox" and "inboxes": write one inbox, or all of them by name',
      ],
    ],
    [
      { products: 'incoming/products', ...step({}) },
      [
        `error: cannot take files from ${folder}/incoming: it and the products' folder ${folder}/incoming/products lie in each other`,
      ],
    ],
    [
      { status: 'nowhere', ...step({}) },
      ['error: cannot listen at "nowhere": write an address such as 127.0.0.1:12388'],
    ],
    [step({ from: ['inbox', 'B'] }), ['error: cannot take from "B": there is no such inbox or step']],
    [{ steps: { A: COPY, B: { ...COPY, from: 'A', at: '0 8 * * *' } } }, []],
    [
      step({ at: '0 8 * * *' }),
      ['error: cannot go over inbox at times: it is an inbox; write a step, whose products there are'],
    ],
    [
      { steps: { A: { ...COPY, from: ['inbox', 'B'] }, B: { ...COPY, from: 'A' } } },
      [
        'error: cannot take from inbox, B: A takes from B takes from A',
        'error: cannot take from A: B takes from A takes from B',
      ],
    ],
    [
      { steps: { 'A/B': COPY } },
      ['error: cannot name a step "A/B": use letters, digits, dashes and underscores, up to 63'],
    ],
    [
      {
        inbox: undefined,
        inboxes: { k: { ...inbox, reference: true } },
        steps: { A: { ...COPY, from: 'k' } },
      },
      ['error: cannot take from k: the files of a reference inbox are no inputs'],
    ],
    [
      step({ each: 'group', run: ['cat'] }),
      ['error: cannot run for each group without "key", which says what belongs together'],
    ],
    [
      step({ each: 'batch' }),
      [
        'error: cannot say {in} in "{in}"; a run for each batch has several inputs: write {list}; there are {list}, {out}, {work}, {manifest}, {version}, {key}, {step}, {attempt}; write {{in}} where the text itself is meant',
      ],
    ],
    [
      step({ run: ['cat', '{target}'] }),
      [
        'error: cannot say {target} in "{target}"; write "merge: true" for it; there are {list}, {out}, {work}, {manifest}, {version}, {key}, {step}, {attempt}, {in}, {name}, {stem}, {path}, {dir}; write {{target}} where the text itself is meant',
      ],
    ],
    [
      step({ merge: true, inputs: 'all', key: '{stem}' }),
      [
        'error: cannot merge all inputs: with "inputs: all" products are made anew each time',
        'error: cannot take all inputs without "each: group"',
      ],
    ],
    [
      step({ to: '/etc/{name}' }),
      ['error: cannot put products at "/etc/{name}": write a path below "products"'],
    ],
    [step({ names: '{a}_{a}' }), ['error: cannot use "{a}_{a}" as a pattern of names: it has {a} twice']],
    [
      step({ names: '/(unclosed/' }),
      ['error: cannot use "/(unclosed/" as a pattern of names: missing closing ): `(unclosed`'],
    ],
    [
      step({ names: '{day}.in', key: '{dya}' }),
      [
        'error: cannot say {dya} in "{dya}", did you mean "day"?; there are {day}, {name}, {stem}, {path}, {dir}',
      ],
    ],
    [
      step({ exit: { 0: 'fail' } }),
      ['error: cannot give the exit code "0" a meaning: write a number from 1 to 255; 0 is always ok'],
    ],
    [
      step({ run: 'no-such-program-here {in}' }),
      ['warning: cannot find the program "no-such-program-here" here'],
    ],
  ];
  for (const [config, wanted] of cases)
    assert.deepEqual([...messages(config)].toSorted(), [...wanted].toSorted(), JSON.stringify(config));
});

test('a plan has every default, absolute paths, the higher version, and its steps by their levels', (t) => {
  const folder = tempFolder(t);
  const { plan } = resolved(folder, {
    inbox: { root: 'incoming' },
    version: 2,
    steps: { C: { ...COPY, from: ['A', 'B'] }, B: { ...COPY, from: 'A', version: 5 }, A: COPY },
  });
  assert.deepEqual(
    plan.steps.map(({ name, level, version }) => [name, level, version]),
    [
      ['A', 1, 2],
      ['B', 2, 5],
      ['C', 3, 2],
    ],
  );
  assert.equal(plan.products, `${folder}/products`);
  assert.deepEqual(
    plan.inboxes.map(({ name, root, delay }) => [name, root, delay]),
    [['inbox', `${folder}/incoming`, 0]],
  );
});
