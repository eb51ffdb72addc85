import { sql } from 'kysely';
import { errorText } from '../../../platform/log.ts';
import type { Platform } from '../../../platform/platform.ts';
import { transact } from '../../../platform/scope.ts';
import { heal, see } from './faults.service.ts';

const lookMs = 1000;
/** A look that takes longer is a database that does not answer. */
const patienceMs = 3000;
/** Looks in a row that must fail: a connection that was cut once is replaced unseen. */
const leastFailures = 3;

/**
 * Asks the database every second whether it is there. An outage cannot be written while it lasts, so its incident is
 * opened and closed when it is over, with the time at which it began.
 */
export function createDatabaseWatch(platform: Platform) {
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let failures = 0;
  let since = 0;
  let problem = '';

  const answers = async () => {
    let late: NodeJS.Timeout | undefined;
    try {
      await Promise.race([
        sql`select 1`.execute(platform.db),
        new Promise((_, reject) => {
          late = setTimeout(() => reject(new Error('it does not answer')), patienceMs).unref();
        }),
      ]);
      return true;
    } catch (error) {
      problem = error instanceof Error ? error.message.split('\n')[0] || error.name : String(error);
      return false;
    } finally {
      clearTimeout(late);
    }
  };
  const tell = async () => {
    const seconds = Math.round((platform.now() - since) / 1000);
    const text = `The database did not answer for ${seconds} s; requests were answered without it.`;
    await transact(platform.systemScope('system:monitoring'), async (tx) => {
      await see(tx, {
        rule: 'database',
        severity: 'ticket',
        deployment: '',
        revision: '',
        model: '',
        version: 0,
        text,
        time: since,
        quarantined: false,
        answeredBy: null,
      });
      const resolution = 'It answers again.';
      await heal(tx, { rules: ['database'], resolution, released: false, deployment: '', revision: null });
    });
  };
  const look = async () => {
    if (!(await answers())) {
      if (failures++ === 0) since = platform.now();
      if (failures === leastFailures) platform.log.error('the database does not answer', { problem });
      return;
    }
    if (failures >= leastFailures) {
      platform.log.warn('the database answers again', { since: new Date(since).toISOString() });
      await tell();
    }
    failures = 0;
  };

  return {
    start() {
      timer = setInterval(() => {
        looking ??= look()
          .catch((error) =>
            platform.log.error('an outage of the database is not recorded yet', { error: errorText(error) }),
          )
          .finally(() => {
            looking = undefined;
          });
      }, lookMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
