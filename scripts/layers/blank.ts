/** After one of these a `/` begins a regular expression, otherwise it divides. */
const BEFORE_REGEX = /(?:^|[=(,;:!&|?{}[\]+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|await|yield))\s*$/;

/** Where a quoted string or regular expression that begins at `start` ends (exclusive). */
function endOfQuoted(text: string, start: number, quote: string): number {
  let inClass = false;
  for (let i = start + 1; i < text.length; i += 1) {
    const char = text[i];
    if (char === '\\') i += 1;
    else if (char === '\n') return i;
    else if (quote === '/' && char === '[') inClass = true;
    else if (quote === '/' && char === ']') inClass = false;
    else if (char === quote && !inClass) return i + 1;
  }
  return text.length;
}

function endOfComment(text: string, start: number): number {
  const found = text[start + 1] === '/' ? text.indexOf('\n', start) : text.indexOf('*/', start + 2) + 2;
  return found < start ? text.length : found;
}

/**
 * The code alone: comments and what stands inside quotes become spaces, so that every offset stays the
 * same; the quotes stay, and so does the code inside `${…}`.
 */
export function blankText(text: string): string {
  const out: string[] = [];
  // One entry for each template that is open: how many braces are open inside its `${`.
  const templates: number[] = [];
  let i = 0;
  const copy = (): void => {
    out.push(text[i] ?? '');
    i += 1;
  };
  const blankTo = (end: number): void => {
    out.push(text.slice(i, end).replace(/[^\n]/g, ' '));
    i = end;
  };
  const templateText = (): void => {
    let end = i;
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end))
      end += text[end] === '\\' ? 2 : 1;
    blankTo(Math.min(end, text.length));
    if (text[i] === '`') copy();
    else if (i < text.length) {
      copy();
      copy();
      templates.push(0);
    }
  };
  while (i < text.length) {
    const char = text[i] ?? '';
    const depth = templates.at(-1);
    if (char === '/' && (text[i + 1] === '/' || text[i + 1] === '*')) blankTo(endOfComment(text, i));
    else if (char === "'" || char === '"' || (char === '/' && BEFORE_REGEX.test(out.slice(-80).join('')))) {
      const end = endOfQuoted(text, i, char);
      copy();
      blankTo(Math.max(i, end - 1));
      copy();
    } else if (char === '`') {
      copy();
      templateText();
    } else if (char === '}' && depth === 0) {
      templates.pop();
      copy();
      templateText();
    } else {
      if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1;
      copy();
    }
  }
  return out.join('');
}
