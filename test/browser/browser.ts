import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';

const executable = process.env.HOUSTON_TEST_CHROMIUM ?? '/usr/bin/chromium';
const built = join(import.meta.dirname, '../../dist/web/index.html');
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-quic',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  // Nothing but this machine has an address.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
];

/** Runs in the page; text, because its types are the browser's. */
const reportBrokenPolicies = `document.addEventListener('securitypolicyviolation', (event) =>
  console.error('Broken policy ' + event.violatedDirective + ' by ' + event.blockedURI))`;

/** One browser window and what went wrong in it: console errors, broken policies, requests that left the machine. */
export type Window = {
  page: Page;
  problems: string[];
  /** Answers of this status are meant to come and are no problem. */
  expectStatus(...statuses: number[]): void;
};

export type BrowserSuite = {
  readonly houston: TestHouston;
  /** A fresh window, signed in as nobody. */
  open(options?: { scheme?: 'light' | 'dark'; width?: number; height?: number }): Promise<Window>;
};

/**
 * Describes a suite against the whole server and the built pages in the system's Chromium. Without Chromium it is
 * skipped and says why; with CI=true that is a failure, and so is a missing dist/web everywhere.
 */
export function describeInBrowser(
  name: string,
  options: { auth?: boolean },
  body: (suite: BrowserSuite) => void,
): void {
  if (!existsSync(executable)) {
    const reason = `there is no Chromium at ${executable}; name one in HOUSTON_TEST_CHROMIUM`;
    if (process.env.CI === 'true') {
      it(name, () => {
        throw new Error(`The browser tests did not run: ${reason}.`);
      });
      return;
    }
    console.info(`skipped: ${name}: ${reason}`);
    describe.skip(name, () => body({} as BrowserSuite));
    return;
  }
  describe(name, () => {
    let browser: Browser;
    let houston: TestHouston;
    const contexts: BrowserContext[] = [];
    beforeAll(async () => {
      if (!existsSync(built)) throw new Error('dist/web is not built: run `npm run build:web` first.');
      [browser, houston] = await Promise.all([
        chromium.launch({ executablePath: executable, args: flags }),
        startTestHouston({ auth: options.auth ?? false }),
      ]);
    });
    afterAll(async () => {
      for (const context of contexts) await context.close();
      await browser?.close();
      await houston?.end();
    });
    body({
      get houston() {
        return houston;
      },
      async open({ scheme = 'light', width = 1280, height = 800 } = {}) {
        const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
        contexts.push(context);
        return watch(await context.newPage());
      },
    });
  });
}

async function watch(page: Page): Promise<Window> {
  const problems: string[] = [];
  const expected = new Set<number>();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error') return;
    const status = Number(/status of (\d{3})/.exec(message.text())?.[1]);
    if (!expected.has(status)) problems.push(`${page.url()}: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (/^https?:$/.test(protocol) && hostname !== '127.0.0.1')
      problems.push(`${page.url()} asked ${request.url()}`);
  });
  await page.addInitScript({ content: reportBrokenPolicies });
  return {
    page,
    problems,
    expectStatus(...statuses) {
      for (const status of statuses) expected.add(status);
    },
  };
}
