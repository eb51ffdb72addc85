import { Link } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import type { IncidentDetail } from '../../api/types.ts';
import { eventState, eventWords } from '../../ui/event.ts';
import { duration, utc } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { ToneMark, toneOf } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import './monitoring.css';

/** What happened, in order: detection, retraining, verdict, approval, rollout, recovery; and notes of people. */
export function IncidentTimeline({ incident }: { incident: IncidentDetail }) {
  const opened = Date.parse(incident.openedAt);
  return (
    <Panel
      title="Timeline"
      note="from the first sign to the recovery; times UTC, beside them the time since it opened"
      flush
      data={{ name: `${incident.id}-timeline`, rows: incident.timeline }}
    >
      <ol className="timeline">
        {incident.timeline.map((entry) => {
          const note = entry.type === 'note';
          const tone = toneOf(eventState(entry.type));
          const since = Date.parse(entry.time) - opened;
          return (
            <li key={`${entry.event ?? entry.text} ${entry.time}`} className="timeline-line">
              <span className="nowrap" title={utc(entry.time, 'ms')}>
                {utc(entry.time, 'second').slice(5)}
              </span>
              <span className="dim nowrap num">{since <= 0 ? '' : `+ ${duration(since)}`}</span>
              <span style={{ color: tone === 'none' ? 'var(--faint)' : `var(--${tone})` }}>
                <ToneMark tone={note ? 'none' : tone} />
              </span>
              <span className="nowrap">
                {note ? (
                  'note'
                ) : entry.event ? (
                  <Link className="quiet" to={path`/ledger/events/${entry.event}`} title={entry.type}>
                    {eventWords(entry.type)}
                  </Link>
                ) : (
                  eventWords(entry.type)
                )}
              </span>
              <span style={{ minWidth: 0, overflowWrap: 'anywhere' }}>{entry.text}</span>
              <span className="truncate">
                {entry.subject && entry.subject !== `incident:${incident.id}` ? (
                  <SubjectLink subject={entry.subject} kind />
                ) : (
                  <span className="dim">{entry.actor}</span>
                )}
              </span>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}
