const tty = process.stdout.isTTY === true;
const colour = tty && !process.env.NO_COLOR;
const paint = (code: string) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

export const style = {
  bold: paint('1'),
  dim: paint('2'),
  red: paint('31'),
  green: paint('32'),
  yellow: paint('33'),
  blue: paint('34'),
  magenta: paint('35'),
  cyan: paint('36'),
};

const blocks = '▁▂▃▄▅▆▇█';

/** A row of small bars between `low` and `high`; a gap where the value is missing. */
export function sparkline(values: readonly (number | null)[], low: number, high: number): string {
  return values
    .map((value) => {
      if (value === null || !Number.isFinite(value)) return ' ';
      const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
      return blocks[Math.min(7, Math.floor(share * 8))];
    })
    .join('');
}

/** The terminal as a story above and a few living lines below; plain lines when nobody watches. */
export type Screen = {
  chapter(title: string): void;
  tell(mark: string, text: string): void;
  status(lines: readonly string[]): void;
  clear(): void;
};

export function createScreen(): Screen {
  let living = 0;
  const started = Date.now();
  const clear = () => {
    if (!tty || living === 0) return;
    process.stdout.write(`\u001b[${living}A\u001b[0J`);
    living = 0;
  };
  const clock = () => {
    const seconds = Math.round((Date.now() - started) / 1000);
    return style.dim(
      `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`,
    );
  };
  const print = (text: string) => {
    clear();
    process.stdout.write(`${text}\n`);
  };
  return {
    chapter: (title) => print(`\n${style.bold(title)}`),
    tell: (mark, text) => print(`${clock()} ${mark} ${text}`),
    status(lines) {
      if (!tty) return;
      clear();
      const width = (process.stdout.columns ?? 120) - 1;
      for (const text of lines) process.stdout.write(`${cut(text, width)}\n`);
      living = lines.length;
    },
    clear,
  };
}

const escapeCode = '\u001b';

/** Cuts a coloured text to a width that is seen; escape codes count nothing. */
function cut(text: string, width: number): string {
  let seen = 0;
  let result = '';
  for (let i = 0; i < text.length; i++) {
    if (text[i] === escapeCode) {
      const end = text.indexOf('m', i);
      result += text.slice(i, end + 1);
      i = end;
    } else if (seen < width) {
      result += text[i];
      seen++;
    }
  }
  return result;
}
