import { Button } from '@mantine/core';
import { type ErrorComponentProps, Link } from '@tanstack/react-router';
import { Empty, ErrorPanel } from '../ui/feedback.tsx';
import { Page } from '../ui/page.tsx';
import { Panel } from '../ui/panel.tsx';

/** No page has this address. */
export function NotFound() {
  return (
    <Page title="Nothing is here">
      <Panel>
        <Empty title="No page has this address" action={<Link to="/">To the overview</Link>}>
          The object may have been removed, or the link was cut. Press Ctrl K to find it by name.
        </Empty>
      </Panel>
    </Page>
  );
}

/** A page that failed while it was drawn. */
export function PageFailed({ error, reset }: ErrorComponentProps) {
  return (
    <Page title="This page could not be shown">
      <Panel>
        <ErrorPanel error={error} kept="Only the view failed: nothing on the server was changed." />
        <div className="row" style={{ marginTop: 12 }}>
          <Button variant="default" onClick={reset}>
            Draw it again
          </Button>
          <Button variant="default" onClick={() => window.location.reload()}>
            Load the page again
          </Button>
        </div>
      </Panel>
    </Page>
  );
}
