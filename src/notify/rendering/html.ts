import type { Fact, Outline, OutlineItem, Tone } from './outline.ts';

/** Colours on white; the dark ones are classes of the style sheet, since only there a mail can ask for the mode. */
const COLOUR: Readonly<Record<Tone, string>> = {
  bad: '#b42318',
  warn: '#93370d',
  good: '#05603a',
  plain: '#344054',
};
const DARK: Readonly<Record<Tone, string>> = {
  bad: '#ff9b8f',
  warn: '#fec84b',
  good: '#6ce9a6',
  plain: '#d0d5dd',
};

const FONT = `font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif`;
const MONO = 'font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace';
const CAPTION = 'margin:8px 0 0;font-size:13px;color:#667085';
const WRAP = 'white-space:pre-wrap;overflow-wrap:anywhere;word-break:break-word';

const STYLE = [
  ':root{color-scheme:light dark;supported-color-schemes:light dark}',
  '@media (prefers-color-scheme:dark){',
  '.page{background:#14171c!important;color:#e6e8ec!important}',
  '.card{background:#1d2127!important;border-color:#353b45!important}',
  '.dim{color:#a4abb8!important}',
  '.log{background:#101216!important;color:#d6dae1!important}',
  ...Object.entries(DARK).map(([tone, colour]) => `.${tone}{color:${colour}!important}`),
  ...Object.entries(DARK).map(([tone, colour]) => `.edge-${tone}{border-left-color:${colour}!important}`),
  '}',
].join('');

/** A text that HTML shows as it is, within elements and attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A message as an HTML page for mail programs: styles inline, nothing loaded, light and dark, readable on a phone. */
export function renderHtml(outline: Outline): string {
  const { title, tone, late, items, others, lines, more, snooze, origin } = outline;
  const body = [
    `<h1 class="${tone}" style="margin:0 0 16px;font-size:20px;line-height:1.3;color:${COLOUR[tone]};${WRAP}">${escapeHtml(title)}</h1>`,
    late === '' ? '' : `<p class="warn" style="margin:0 0 16px;color:${COLOUR.warn}">${escapeHtml(late)}</p>`,
    ...items.map(itemHtml),
    othersHtml(others),
    lines.length === 0 ? '' : log(lines),
    more === '' ? '' : `<p style="margin:0 0 16px">${escapeHtml(more)}</p>`,
    snooze === '' ? '' : `<p style="margin:16px 0 0">To silence it:</p>${log([snooze])}`,
    `<p class="dim" style="margin:16px 0 0;font-size:13px;color:#667085;${WRAP}">${escapeHtml(origin)}</p>`,
  ];
  return [
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">',
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>`,
    `<body class="page" style="margin:0;padding:0;background:#f6f7f9;color:#1d2939;${FONT};font-size:15px;line-height:1.45">`,
    `<div class="page" style="max-width:680px;margin:0 auto;padding:20px 14px;background:#f6f7f9;color:#1d2939">`,
    ...body.filter((part) => part !== ''),
    '</div></body></html>\n',
  ].join('\n');
}

function itemHtml({ heading, tone, facts, done, next, tail }: OutlineItem): string {
  const rows = [
    ...facts.map((fact) => row(fact, tone)),
    ...(done.length === 0 ? [] : [term('Done'), ...done.map(({ label, text }) => action(label, text))]),
    ...(next === '' ? [] : [row({ label: 'Next', text: next }, tone)]),
  ];
  return [
    `<div class="card edge-${tone}" style="margin:0 0 16px;padding:12px 14px;background:#ffffff;border:1px solid #e4e7ec;border-left:4px solid ${COLOUR[tone]};border-radius:6px">`,
    `<h2 style="margin:0 0 8px;font-size:16px;line-height:1.3;${WRAP}">${escapeHtml(heading)}</h2>`,
    `<dl style="margin:0">${rows.join('\n')}</dl>`,
    tail.length === 0 ? '' : `<div class="dim" style="${CAPTION}">The last lines</div>${log(tail)}`,
    '</div>',
  ].join('\n');
}

function term(label: string): string {
  return `<dt class="dim" style="${CAPTION}">${label}</dt>`;
}

function row({ label, text }: Fact, tone: Tone): string {
  const isState = label === 'State';
  const look = isState ? `font-weight:600;color:${COLOUR[tone]};` : '';
  return `${term(label)}<dd${isState ? ` class="${tone}"` : ''} style="margin:0;${look}${WRAP}">${escapeHtml(text)}</dd>`;
}

function action(at: string, text: string): string {
  return `<dd style="margin:0 0 4px;${WRAP}"><span class="dim" style="color:#667085">${escapeHtml(at)}</span><br>${escapeHtml(text)}</dd>`;
}

function othersHtml(others: readonly string[]): string {
  if (others.length === 0) return '';
  const entries = others.map((line) => `<li style="margin:0 0 4px;${WRAP}">${escapeHtml(line)}</li>`);
  return `<ul style="margin:0 0 16px;padding:0 0 0 20px">${entries.join('\n')}</ul>`;
}

function log(lines: readonly string[]): string {
  const text = lines.map(escapeHtml).join('\n');
  return `<pre class="log" style="margin:4px 0 0;padding:10px 12px;background:#eceff3;color:#1d2939;border-radius:6px;font-size:13px;line-height:1.4;${MONO};${WRAP}">${text}</pre>`;
}
