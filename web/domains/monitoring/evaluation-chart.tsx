import type { MonitorReference, MonitorSettings } from '../../api/types.ts';
import { metric } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { TimeSeries } from '../../ui/time-series.tsx';
import { metricKey, metricWords } from './monitor-words.ts';

/** The chunks of the evaluation from which the limits come: how much stretches of held-out rows differ by nature. */
export function EvaluationChart({
  reference,
  settings,
}: {
  reference: MonitorReference | undefined;
  settings: MonitorSettings;
}) {
  const chunks = reference?.chunks ?? [];
  if (!reference || chunks.length === 0) return null;
  const keys = [metricKey(settings.metric), 'calibrationGap'];
  const times = chunks.map((chunk) => Date.parse(chunk.start));
  return (
    <>
      {keys.map((key) => {
        const words = metricWords(key);
        return (
          <Panel
            key={key}
            title={`${words.label} in the evaluation`}
            note={`version ${reference.version}, held-out rows by window: their spread makes the limits`}
            span={6}
            data={{
              name: `evaluation-${key}`,
              rows: chunks.map(({ start, end, rows, performance }) => ({
                start,
                end,
                rows,
                [key]: performance[key],
              })),
            }}
          >
            <TimeSeries
              times={times}
              height={170}
              unit={words.unit || words.label}
              format={(value) => metric(value, words.decimals)}
              lines={[
                {
                  label: 'held-out rows',
                  color: 3,
                  points: 'solid',
                  values: chunks.map(({ performance }) => performance[key] ?? null),
                },
              ]}
            />
          </Panel>
        );
      })}
    </>
  );
}
