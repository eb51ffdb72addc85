/**
 * Loaded before Houston in the process that recording.ts compares with: the same sources, but the functions that record
 * a prediction and that count it return at once. Nothing in the product turns them off, so it is done here.
 */
import { registerHooks } from 'node:module';

/** Where each function begins, and what it does then instead. */
const cuts: Record<string, [begin: RegExp, more: string][]> = {
  '/recorder/prediction-log.ts': [
    [/\n {4}record\((\w+)\) \{\n/, '$&      if ($1.id !== "") return Promise.resolve(true);\n'],
  ],
  '/meter/meter.ts': [
    [/\n {2}meter\.requests\+\+;\n/, '\n  if (now > 0) return;$&'],
    [/\n {2}meter\.executions\+\+;\n/, '\n  if (ms >= 0) return;$&'],
  ],
};

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const name = Object.keys(cuts).find((end) => url.endsWith(end));
    if (name === undefined) return loaded;
    let source = String(loaded.source);
    for (const [begin, more] of cuts[name]) {
      if (!begin.test(source)) throw new Error(`${name} has changed: this benchmark cannot turn it off.`);
      source = source.replace(begin, more);
    }
    return { ...loaded, source };
  },
});
