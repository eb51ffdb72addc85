import { Link } from '@tanstack/react-router';
import type { Happening } from '../../api/types.ts';
import { eventState } from '../../ui/event.ts';
import { ago, utc } from '../../ui/format.ts';
import { ToneMark, toneOf } from '../../ui/state.tsx';
import { subjectPath } from '../../ui/subject.tsx';

/** What comes all the time stands back behind what somebody should notice. */
const routine = [
  'data.version.created',
  'features.service.defined',
  'pipelines.run.started',
  'pipelines.run.succeeded',
  'registry.version.registered',
];

/** One event as a line: the sentence leads to what it is about, the time to the event. */
export function EventLine({ event }: { event: Happening }) {
  const tone = toneOf(eventState(event.type));
  const quiet = routine.includes(event.type);
  return (
    <div className="happening">
      <span style={{ color: `var(--${tone === 'none' ? 'faint' : tone})` }}>
        <ToneMark tone={tone} />
      </span>
      <Link
        to={subjectPath(event.subject) ?? `/ledger/events/${event.id}`}
        className="quiet clamp"
        title={`${event.sentence} By ${event.actor}.${event.count > 1 ? ` ${event.count} events since ${utc(event.since, 'second')} UTC.` : ''}`}
        style={quiet ? { color: 'var(--dim)' } : { fontWeight: 500 }}
      >
        {event.sentence}
      </Link>
      <Link
        to={`/ledger/events/${event.id}`}
        className="quiet small num"
        style={{ minWidth: 74, textAlign: 'right', color: 'var(--dim)' }}
        title={`${utc(event.time, 'second')} UTC: the event`}
      >
        <time>{ago(event.time)}</time>
      </Link>
    </div>
  );
}
