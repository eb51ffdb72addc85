import { Link } from '@tanstack/react-router';
import type { Happening } from '../../api/types.ts';
import { eventState } from '../../ui/event.ts';
import { ago, utc } from '../../ui/format.ts';
import { ToneMark, toneOf } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';

/** One event as a line: the sentence leads to the event, the subject to its page. */
export function EventLine({ event }: { event: Happening }) {
  const tone = toneOf(eventState(event.type));
  return (
    <div className="happening">
      <span style={{ color: `var(--${tone === 'none' ? 'faint' : tone})` }}>
        <ToneMark tone={tone} />
      </span>
      <Link
        to={`/ledger/events/${event.id}`}
        className="quiet truncate"
        title={`${event.sentence} By ${event.actor}.`}
      >
        {event.sentence}
      </Link>
      <span className="row small dim" style={{ gap: 12 }}>
        <span className="truncate" style={{ maxWidth: 120 }}>
          <SubjectLink subject={event.subject} />
        </span>
        <time className="num" style={{ width: 74 }} title={`${utc(event.time, 'second')} UTC`}>
          {ago(event.time)}
        </time>
      </span>
    </div>
  );
}
