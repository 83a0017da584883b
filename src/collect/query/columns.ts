/** What a stream's lines have besides `seq`, `time` and `received`. */
export type LineForm = 'atproto' | 'lines' | 'sse' | 'nats' | 'kafka';

/** The members of a line, with DuckDB’s types: written out, so that no query guesses them from a sample, or looks into every file. */
export type Columns = Readonly<Record<string, string>>;

/** As the servers sent them: read as text, and turned into times by the view, so that one that is none is null. */
const HEAD: Columns = { seq: 'UBIGINT', time: 'VARCHAR', received: 'VARCHAR' };

const COMMIT =
  'STRUCT(rev VARCHAR, since VARCHAR, operation VARCHAR, collection VARCHAR, rkey VARCHAR, record JSON, cid VARCHAR)';

const BODY: Readonly<Record<LineForm, Columns>> = {
  atproto: {
    did: 'VARCHAR',
    kind: 'VARCHAR',
    commit: COMMIT,
    identity: 'JSON',
    account: 'JSON',
    sync: 'JSON',
    extra: 'JSON',
  },
  lines: { kind: 'VARCHAR', data: 'JSON', line: 'VARCHAR', base64: 'VARCHAR' },
  sse: {
    event: 'VARCHAR',
    id: 'VARCHAR',
    kind: 'VARCHAR',
    data: 'JSON',
    line: 'VARCHAR',
    base64: 'VARCHAR',
  },
  nats: {
    subject: 'VARCHAR',
    headers: 'JSON',
    kind: 'VARCHAR',
    data: 'JSON',
    text: 'VARCHAR',
    base64: 'VARCHAR',
  },
  kafka: {
    partition: 'INTEGER',
    offset: 'BIGINT',
    key: 'JSON',
    headers: 'JSON',
    kind: 'VARCHAR',
    data: 'JSON',
    text: 'VARCHAR',
    base64: 'VARCHAR',
  },
};

/** The columns of a line, in the order in which they are shown. Sources: docs/collected-files.md, line-sources.md, sse.md, brokers.md. */
export function columnsOf(form: LineForm): Columns {
  return { ...HEAD, ...BODY[form] };
}

/** Columns that hold a time as text. */
export const TIME_COLUMNS: ReadonlySet<string> = new Set(['time', 'received']);
