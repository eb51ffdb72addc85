// Writes the files that are made from the code: `node scripts/generate.ts`, or `--check` to compare only.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { composeHouston } from '../src/main.ts';
import { permissions } from '../src/permissions.ts';
import { readConfig } from '../src/platform/config.ts';
import { declarationSchema } from '../src/platform/declarations/declarations.routes.ts';
import { errorTable } from '../src/platform/errors.ts';
import { createLogger } from '../src/platform/log.ts';

import { alertRules } from '../src/protocols/prometheus/grafana/alerts.ts';
import { grafanaDashboard } from '../src/protocols/prometheus/grafana/dashboard.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'houston-generate-'));
const { app, platform, modules } = await composeHouston(readConfig({ dataDir, port: 0 }, {}), {
  log: createLogger('error'),
});
await app.ready();

const errors = [...errorTable].sort(([a], [b]) => a.localeCompare(b));
const routes = Object.entries(permissions).sort(([a], [b]) => a.split(' ')[1].localeCompare(b.split(' ')[1]));
const files: Record<string, string> = {
  'docs/grafana/houston-serving.json': `${JSON.stringify(grafanaDashboard(), null, 1)}\n`,
  'docs/grafana/houston-alerts.yaml': alertRules(),
  'docs/openapi.json': `${JSON.stringify(app.swagger(), null, 1)}\n`,
  'docs/houston.schema.json': `${JSON.stringify(declarationSchema(modules.flatMap((one) => one.declarables ?? [])), null, 1)}\n`,
  'docs/errors.md': [
    '# Error codes',
    '',
    'Every error is `{ "error": { "code", "message", "next" } }`. Made by `node scripts/generate.ts`.',
    '',
    '| code | status | next step |',
    '|---|---|---|',
    ...errors.map(([code, { status, next }]) => `| \`${code}\` | ${status} | ${next} |`),
    '',
  ].join('\n'),
  'docs/permissions.md': [
    '# Routes and permissions',
    '',
    'Made by `node scripts/generate.ts` from `src/permissions.ts`.',
    '',
    '| route | permission |',
    '|---|---|',
    ...routes.map(([route, permission]) => `| \`${route}\` | ${permission} |`),
    '',
  ].join('\n'),
};

await app.close();
await platform.close();
rmSync(dataDir, { recursive: true, force: true });

let stale = false;
for (const [path, content] of Object.entries(files)) {
  const present = (() => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  })();
  if (present === content) continue;
  if (process.argv.includes('--check')) {
    console.error(`${path} is out of date: run "node scripts/generate.ts".`);
    stale = true;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    console.log(`wrote ${path}`);
  }
}
process.exit(stale ? 1 : 0);
