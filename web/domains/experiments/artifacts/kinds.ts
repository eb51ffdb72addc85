export type ViewerKind = 'image' | 'json' | 'table' | 'html' | 'markdown' | 'text' | 'binary';

const endings: Record<Exclude<ViewerKind, 'binary'>, string[]> = {
  image: ['png', 'jpg', 'jpeg', 'gif', 'webp', 'bmp', 'avif', 'svg'],
  json: ['json', 'geojson', 'webmanifest'],
  table: ['csv', 'tsv'],
  html: ['html', 'htm'],
  markdown: ['md'],
  text: [
    ...[
      'txt',
      'log',
      'yaml',
      'yml',
      'toml',
      'ini',
      'cfg',
      'conf',
      'env',
      'py',
      'ipynb',
      'js',
      'ts',
      'sh',
      'sql',
    ],
    ...['r', 'xml', 'jsonl', 'ndjson', 'rst', 'diff', 'patch', 'properties', 'lock'],
  ],
};
const names = ['mlmodel', 'dockerfile', 'makefile', 'license', 'readme', 'requirements'];

/** How a file is shown, by its name alone: what a client says of its type is not trusted. */
export function viewerOf(path: string): ViewerKind {
  const name = path.split('/').at(-1)?.toLowerCase() ?? '';
  if (names.includes(name)) return 'text';
  const ending = name.includes('.') ? (name.split('.').at(-1) ?? '') : '';
  for (const [kind, known] of Object.entries(endings)) {
    if (known.includes(ending)) return kind as ViewerKind;
  }
  return 'binary';
}

const types: Record<string, string> = { jpg: 'image/jpeg', svg: 'image/svg+xml' };

/** The type a picture is shown as. */
export function imageType(path: string): string {
  const ending = path.split('.').at(-1)?.toLowerCase() ?? '';
  return types[ending] ?? `image/${ending}`;
}

/** A table that a client logged as JSON: `{ columns: […], data: [[…]] }`. */
export function tableOfJson(value: unknown): string[][] | null {
  const table = value as { columns?: unknown; data?: unknown } | null;
  if (!Array.isArray(table?.columns) || !Array.isArray(table.data)) return null;
  if (!table.data.every(Array.isArray)) return null;
  return [table.columns.map(String), ...table.data.map((row: unknown[]) => row.map(cellText))];
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Rows of RFC 4180 text; an unfinished last row, where the text was cut, is left out. */
export function parseDelimited(text: string, delimiter: string, isCut: boolean): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at] ?? '';
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') {
        cell += '"';
        at++;
      } else quoted = false;
    } else if (sign === '"' && cell === '') quoted = true;
    else if (sign === delimiter) {
      row.push(cell);
      cell = '';
    } else if (sign === '\n') {
      row.push(cell.endsWith('\r') ? cell.slice(0, -1) : cell);
      rows.push(row);
      row = [];
      cell = '';
    } else cell += sign;
  }
  if (!isCut && (cell !== '' || row.length > 0)) rows.push([...row, cell]);
  return rows;
}

export type Folder = { name: string; path: string; folders: Folder[]; files: string[] };

/** The folders that paths with slashes form. */
export function foldersOf(paths: string[]): Folder {
  const root: Folder = { name: '', path: '', folders: [], files: [] };
  for (const path of paths) {
    const parts = path.split('/');
    let folder = root;
    for (const name of parts.slice(0, -1)) {
      let next = folder.folders.find((one) => one.name === name);
      if (!next) {
        next = { name, path: folder.path ? `${folder.path}/${name}` : name, folders: [], files: [] };
        folder.folders.push(next);
      }
      folder = next;
    }
    folder.files.push(path);
  }
  return root;
}

/** `log_image` with a key and a step writes both, a time and an id into the name, and a small copy beside it. */
const stepImage = /^(.+?)[+%]step[+%](\d+)[+%]timestamp[+%]\d+[+%][0-9a-f-]+([+%]compressed)?\.\w+$/;

/** The name of a file as people read it. */
export function shownName(path: string): string {
  const name = path.split('/').at(-1) ?? path;
  const [, key, step, small] = stepImage.exec(name) ?? [];
  return key === undefined ? name : `${key}, step ${step}${small ? ', small' : ''}`;
}
