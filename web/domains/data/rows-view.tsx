import { Button } from '@mantine/core';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { DatasetRows, DatasetVersion } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { group } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { SampleRows } from './report-view.tsx';

const PAGE = 50;

/** The rows themselves, a page at a time. */
export function RowsView({ name, version }: { name: string; version: DatasetVersion }) {
  const [text, setOffset] = useUrlState('offset', '0');
  const offset = Number(text) || 0;
  const rows = useApi<DatasetRows>(path`/api/data/datasets/${name}/versions/${version.version}/rows`, {
    query: { limit: PAGE, offset },
  });
  return (
    <Panel
      title="Rows"
      note={`${group(offset + 1)} to ${group(Math.min(version.rows, offset + PAGE))} of ${group(version.rows)}, in the order in which they were stored`}
      flush
      actions={
        <>
          <Button
            variant="default"
            disabled={offset === 0}
            onClick={() => setOffset(String(Math.max(0, offset - PAGE)))}
          >
            Earlier
          </Button>
          <Button
            variant="default"
            disabled={offset + PAGE >= version.rows}
            onClick={() => setOffset(String(offset + PAGE))}
          >
            Later
          </Button>
        </>
      }
    >
      <Loaded query={rows} rows={14}>
        {({ columns, rows: page }) => (
          <SampleRows
            rows={page.map((row) =>
              Object.fromEntries(columns.map((column, at) => [column.name, row[at] ?? null])),
            )}
          />
        )}
      </Loaded>
    </Panel>
  );
}
