/**
 * Draws what `vahti up` shows in a terminal as an SVG, for the README: `node scripts/picture.ts CONFIG-FOLDER FILE`.
 * It asks the daemon that runs in that folder, so the picture is of something that happened.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlApi } from '../src/app/control-api.ts';
import { statePaths } from '../src/app/state.ts';
import { renderScreen } from '../src/cli/live-view.ts';
import { createRpcClient } from '../src/core/rpc-client.ts';
import type { StoredRecord } from '../src/core/record.ts';

const COLUMNS = 112;
const ROWS = 22;
const CELL = { width: 8.4, height: 18 };
const COLOURS: Readonly<Record<string, string>> = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  36: '#79c0ff',
};

const [folder = '.', file = 'docs/up.svg'] = process.argv.slice(2);
const client = createRpcClient<ControlApi>(statePaths(join(folder, '.vahti')).control);
const status = await client.call('status', {});
if (!status.ok) throw new Error(status.error.message);
const records: StoredRecord[] = [];
for await (const item of client.stream('logs', { follow: false, limit: ROWS })) {
  if (item.ok) records.push(item.value);
}
const shown = { ...status.value, config: 'examples/quickstart/vahti.yaml' };
const lines = renderScreen(shown, records, { columns: COLUMNS, rows: ROWS, colour: true, now: Date.now() });
writeFileSync(file, svgOf(lines));

function svgOf(screen: readonly string[]): string {
  const width = Math.ceil(COLUMNS * CELL.width) + 32;
  const height = ROWS * CELL.height + 32;
  const rows = screen.map(
    (line, row) => `<text x="16" y="${28 + row * CELL.height}" xml:space="preserve">${spansOf(line)}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="vahti up in a terminal">
<rect width="100%" height="100%" rx="8" fill="#0d1117"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#c9d1d9">
${rows.join('\n')}
</g>
</svg>
`;
}

/** A line with colour codes as spans; each run of text is stretched to its columns, so that columns meet in any font. */
function spansOf(line: string): string {
  let style = '';
  let column = 0;
  let out = '';
  for (const piece of line.split(/(\u001b\[\d+m)/)) {
    const code = /^\u001b\[(\d+)m$/.exec(piece)?.[1];
    if (code !== undefined) {
      style = styleOf(code);
    } else if (piece !== '') {
      const x = (16 + column * CELL.width).toFixed(1);
      out += `<tspan x="${x}" textLength="${(piece.length * CELL.width).toFixed(1)}"${style}>${escapeXml(piece)}</tspan>`;
      column += piece.length;
    }
  }
  return out;
}

function styleOf(code: string): string {
  if (code === '1') return ' font-weight="bold" fill="#ffffff"';
  if (code === '2') return ' fill="#8b949e"';
  const colour = COLOURS[code];
  return colour === undefined ? '' : ` fill="${colour}"`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
