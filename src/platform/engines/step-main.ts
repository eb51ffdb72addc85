/**
 * The program of a built-in process step: reads the manifest that `HOUSTON_STEP_MANIFEST` (or the first argument)
 * names, runs the step, writes the outputs file. It knows no database. Exit code 0 done, 1 failed, 143 told to end.
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { HoustonError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { exitTerminated } from './engine.ts';
import { loadProcessStep } from './step-table.ts';

type Manifest = { step: string; input: JsonObject; outputDir: string; outputs: string; progress: string };

const manifestPath = process.argv[2] ?? process.env.HOUSTON_STEP_MANIFEST;
if (!manifestPath) {
  console.error('HOUSTON_STEP_MANIFEST is not set. This program is started by an engine.');
  process.exit(2);
}
const manifest = JSON.parse(readFileSync(manifestPath, 'utf8')) as Manifest;
const abort = new AbortController();
process.on('SIGTERM', () => abort.abort('terminated'));

function writeOutputs(content: object): void {
  writeFileSync(`${manifest.outputs}.part`, JSON.stringify(content));
  renameSync(`${manifest.outputs}.part`, manifest.outputs);
}

let lastProgress = 0;
function progress(fraction: number, note?: string): void {
  if (Date.now() - lastProgress < 100 && fraction < 1) return;
  lastProgress = Date.now();
  appendFileSync(manifest.progress, `${JSON.stringify({ progress: fraction, note })}\n`);
}

try {
  const step = await loadProcessStep(manifest.step);
  const result = await step({
    input: manifest.input,
    outputDir: manifest.outputDir,
    log: (line) => console.log(line),
    progress,
    signal: abort.signal,
  });
  writeOutputs(result);
  process.exitCode = 0;
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  console.error(error instanceof Error ? (error.stack ?? message) : message);
  writeOutputs({
    error: error instanceof HoustonError ? { code: error.code, message, next: error.next } : { message },
  });
  process.exitCode = abort.signal.aborted ? exitTerminated : 1;
}
// A step that left a timer or a socket behind does not hold its process.
process.exit();
