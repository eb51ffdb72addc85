const close = 0x5d;
const comma = 0x2c;
const dot = 0x2e;
const minus = 0x2d;
const newline = 0x0a;
const open = 0x5b;
const quote = 0x22;
const zero = 0x30;

const shortText = 64;
/** Thousands of quiet logs have three writers each. */
const startBytes = 512;
/** A buffer that a few huge requests have blown up is let go after the next write. */
const keptBytes = 1024 * 1024;
/** 10^0 … 10^11, all exact. */
const powers = Array.from({ length: 12 }, (_, i) => 10 ** i);

/**
 * Log lines as bytes in one buffer, so that a turn's lines are one write without joining or encoding texts. Numbers
 * are spelt by hand: the digits of a request's vector would otherwise cost more than its model.
 */
export type LineWriter = {
  /** Bytes that wait. */
  readonly length: number;
  /** Text that is JSON already. */
  text(text: string): void;
  /** The same as bytes. */
  ascii(text: Uint8Array): void;
  /** A JSON string. */
  string(text: string): void;
  /** A number as the shortest text that reads back as the same float32, or else the same double; null if not finite. */
  number(value: number): void;
  /** A double with all its digits; null if not finite. */
  double(value: number): void;
  /** Milliseconds to the microsecond. */
  millis(value: number): void;
  numbers(values: ArrayLike<number>, from: number, to: number): void;
  endLine(): void;
  /** Takes back everything after `length`. */
  cut(length: number): void;
  /** What waits; the writer is empty afterwards. Valid until the next line. */
  take(): Buffer;
};

/** An empty writer. */
export function createLineWriter(): LineWriter {
  let bytes = Buffer.allocUnsafe(startBytes);
  let length = 0;

  const reserve = (more: number) => {
    if (length + more <= bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(length + more, bytes.length * 2));
    bytes.copy(larger, 0, 0, length);
    bytes = larger;
  };
  const text = (value: string) => {
    reserve(value.length * 3);
    if (value.length > shortText) {
      length += bytes.write(value, length, 'utf8');
      return;
    }
    // A call into the runtime costs more than a few dozen bytes by hand.
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) {
        length += bytes.write(value, length, 'utf8');
        return;
      }
      bytes[length + i] = code;
    }
    length += value.length;
  };
  /** `count` digits of a whole number below 2^31, with leading zeros. */
  const digits = (value: number, count: number) => {
    let rest = value;
    for (let at = length + count - 1; at >= length; at--) {
      const tenth = (rest / 10) | 0;
      bytes[at] = zero + rest - tenth * 10;
      rest = tenth;
    }
    length += count;
  };
  /** A whole number from 0 to 10^15. */
  const whole = (value: number) => {
    if (value < 1e9) {
      let count = 1;
      while (value >= powers[count]) count++;
      digits(value, count);
      return;
    }
    const high = Math.floor(value / 1e9);
    whole(high);
    digits(value - high * 1e9, 9);
  };
  /** value / 10^decimals, for a whole value below 2^31, without the zeros at its end. */
  const decimal = (value: number, decimals: number) => {
    const front = Math.floor(value / powers[decimals]);
    whole(front);
    let rest = value - front * powers[decimals];
    let count = decimals;
    if (rest === 0) return;
    while (rest % 10 === 0) {
      rest /= 10;
      count--;
    }
    bytes[length++] = dot;
    digits(rest, count);
  };
  const integer = (value: number) => {
    if (value < 0) bytes[length++] = minus;
    whole(Math.abs(value));
  };
  const number = (value: number) => {
    reserve(32);
    const size = Math.abs(value);
    if (Number.isInteger(value) && size < 1e15) return integer(value);
    if (size >= 0.001 && size < 1000 && Math.fround(value) === value) {
      // Nine digits always tell two float32 apart; most need fewer.
      const most =
        size >= 1 ? (size >= 100 ? 6 : size >= 10 ? 7 : 8) : size >= 0.1 ? 9 : size >= 0.01 ? 10 : 11;
      for (let decimals = most - 3; decimals <= most; decimals++) {
        const scaled = Math.round(size * powers[decimals]);
        if (Math.fround(scaled / powers[decimals]) !== size) continue;
        if (value < 0) bytes[length++] = minus;
        return decimal(scaled, decimals);
      }
    }
    text(size - size === 0 ? String(value) : 'null');
  };

  return {
    get length() {
      return length;
    },
    text,
    ascii(value) {
      reserve(value.length);
      bytes.set(value, length);
      length += value.length;
    },
    string(value) {
      reserve(value.length + 2);
      bytes[length] = quote;
      for (let i = 0; i < value.length; i++) {
        const code = value.charCodeAt(i);
        if (code < 0x20 || code > 0x7e || code === quote || code === 0x5c) return text(JSON.stringify(value));
        bytes[length + 1 + i] = code;
      }
      bytes[length + 1 + value.length] = quote;
      length += value.length + 2;
    },
    number,
    double: (value) => text(value - value === 0 ? String(value) : 'null'),
    millis(value) {
      reserve(32);
      const micros = Math.round(value * 1000);
      if (micros >= 0 && micros < 2 ** 31) decimal(micros, 3);
      else text(String(micros / 1000));
    },
    numbers(values, from, to) {
      reserve(2);
      bytes[length++] = open;
      for (let i = from; i < to; i++) {
        number(values[i]);
        reserve(1);
        bytes[length++] = comma;
      }
      // The bracket takes the place of the last comma.
      if (to > from) length--;
      bytes[length++] = close;
    },
    endLine() {
      reserve(1);
      bytes[length++] = newline;
    },
    cut(to) {
      length = to;
    },
    take() {
      const taken = bytes.subarray(0, length);
      length = 0;
      if (bytes.length > keptBytes) bytes = Buffer.allocUnsafe(startBytes);
      return taken;
    },
  };
}
