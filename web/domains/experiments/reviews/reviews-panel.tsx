import { path } from '../../../api/client.ts';
import { useApi } from '../../../api/hooks.ts';
import type { Reviews } from '../../../api/types.ts';
import { type Column, DataTable } from '../../../ui/data-table.tsx';
import { Empty, Loaded } from '../../../ui/feedback.tsx';
import { ago, plural, utc } from '../../../ui/format.ts';
import { Panel } from '../../../ui/panel.tsx';
import { useUrlState } from '../../../ui/url-state.ts';
import { IssuesTable } from './issues-table.tsx';
import { QueueItems } from './queue-items.tsx';

type Queue = Reviews['queues'][number];
type Question = Reviews['questions'][number];

/** Traces that people shall judge: queues and what is in the chosen one, the questions, the issues found. */
export function ReviewsPanel({ experiment }: { experiment: string }) {
  const reviews = useApi<Reviews>(path`/api/experiments/${experiment}/reviews`, { every: 10_000 });
  const [chosen, choose] = useUrlState('queue');
  return (
    <Loaded query={reviews} rows={8}>
      {({ questions, queues, issues }) => {
        const queue = queues.find(({ id }) => id === chosen) ?? queues[0];
        return (
          <>
            <Panel title="Queues" note={queues.length ? plural(queues.length, 'queue') : undefined} flush>
              <DataTable
                name="queues"
                rows={queues}
                columns={queueColumns}
                rowKey={({ id }) => id}
                onOpen={({ id }) => choose(id)}
                active={queue?.id}
                bare={queues.length < 12}
                empty={
                  <Empty
                    title="Nobody was asked to review traces yet"
                    command={`from mlflow.genai import review_queues
queue = review_queues.get_or_create_user_queue("ann")
review_queues.add_items_to_review_queue(queue.queue_id, item_ids=[trace_id])`}
                  >
                    A queue holds traces that its users judge, one after the other.
                  </Empty>
                }
              />
            </Panel>
            {queue ? <QueueItems queue={queue} /> : null}
            <Panel
              title="Questions"
              note="what reviewers answer; answers are assessments of the same name"
              flush
            >
              <DataTable
                name="questions"
                rows={questions}
                columns={questionColumns}
                rowKey={({ id }) => id}
                bare={questions.length < 12}
              />
            </Panel>
            {issues.length > 0 ? <IssuesTable issues={issues} /> : null}
          </>
        );
      }}
    </Loaded>
  );
}

const queueColumns: Column<Queue>[] = [
  {
    key: 'name',
    title: 'Queue',
    value: ({ name }) => name,
    render: ({ name }) => <b>{name}</b>,
    width: 'minmax(140px, 1.2fr)',
  },
  {
    key: 'users',
    title: 'Reviewers',
    value: ({ users }) => users.join(', ') || 'anybody',
    width: 'minmax(120px, 1fr)',
  },
  {
    key: 'questions',
    title: 'Questions',
    value: ({ questions, type }) =>
      questions.length > 0 ? questions.join(', ') : type === 'user' ? 'all of the experiment' : 'none',
    width: 'minmax(140px, 1.4fr)',
  },
  {
    key: 'pending',
    title: 'Open',
    value: ({ pending }) => pending,
    width: '72px',
    align: 'right',
  },
  {
    key: 'complete',
    title: 'Done',
    value: ({ complete }) => complete,
    width: '72px',
    align: 'right',
  },
  {
    key: 'declined',
    title: 'Declined',
    value: ({ declined }) => declined,
    width: '88px',
    align: 'right',
  },
  {
    key: 'created',
    title: 'Made',
    value: ({ createdAt }) => Date.parse(createdAt),
    render: ({ createdAt }) => <span title={`${utc(createdAt, 'second')} UTC`}>{ago(createdAt)}</span>,
    width: '104px',
    align: 'right',
  },
];

const questionColumns: Column<Question>[] = [
  {
    key: 'name',
    title: 'Question',
    value: ({ name }) => name,
    render: ({ name }) => <b>{name}</b>,
    width: 'minmax(140px, 1fr)',
  },
  { key: 'type', title: 'Kind', value: ({ type }) => type, width: '104px' },
  { key: 'answer', title: 'Answer', value: ({ answer }) => answer, width: 'minmax(160px, 1.2fr)' },
  {
    key: 'instruction',
    title: 'Instruction',
    value: ({ instruction }) => instruction,
    width: 'minmax(160px, 1.6fr)',
  },
];
