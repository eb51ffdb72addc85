import { IconChevronRight } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import type { ApiError } from '../api/client.ts';
import { ApiHint, type ApiHintProps } from './api-hint.tsx';
import { Empty, ErrorPanel } from './feedback.tsx';
import { Panel } from './panel.tsx';
import { WhyButton } from './why-button.tsx';

export type Crumb = { label: string; to?: string };

export type PageProps = {
  title: ReactNode;
  /** The text of the browser's tab when the title is not plain text. */
  name?: string;
  crumbs?: Crumb[];
  state?: ReactNode;
  /** The primary action and its neighbours, right in the header. */
  actions?: ReactNode;
  /** Ledger subject of the object; adds the why button. */
  subject?: string;
  api?: ApiHintProps;
  lead?: ReactNode;
  tabs?: ReactNode;
  /** Reads the page's object. One that cannot be shown has no actions, tabs or content. */
  of?: UseQueryResult<unknown, ApiError> | undefined;
  children: ReactNode;
};

/** A page: breadcrumb, title, state and actions in a sticky header, then panels on twelve columns. */
export function Page({
  title,
  name,
  crumbs = [],
  state,
  actions,
  subject,
  api,
  lead,
  tabs,
  of,
  children,
}: PageProps) {
  const label = name ?? (typeof title === 'string' ? title : 'Houston');
  useEffect(() => {
    document.title = label === 'Houston' ? label : `${label} · Houston`;
  }, [label]);
  const problem = of?.isError && (isGone(of.error) || of.data === undefined) ? of.error : null;
  return (
    <div className="page">
      <header className="page-head">
        <div className="grow">
          {crumbs.length > 0 ? (
            <nav className="page-crumbs" aria-label="Breadcrumb">
              {crumbs.map((crumb) => (
                <span key={crumb.label} className="row" style={{ gap: 4 }}>
                  {crumb.to ? <Link to={crumb.to}>{crumb.label}</Link> : crumb.label}
                  <IconChevronRight size={11} aria-hidden="true" />
                </span>
              ))}
            </nav>
          ) : null}
          <div className="page-title">
            <h1 title={label}>{title}</h1>
            {problem ? null : state}
          </div>
        </div>
        {problem ? null : (
          <div className="row">
            {subject ? <WhyButton subject={subject} /> : null}
            {api ? <ApiHint {...api} /> : null}
            {actions}
          </div>
        )}
      </header>
      {problem ? null : tabs}
      {lead && !problem ? <p className="page-lead">{lead}</p> : null}
      <div className="page-body">
        {of && problem ? (
          isGone(problem) ? (
            <Gone error={problem} list={crumbs[0]} />
          ) : (
            <Panel>
              <ErrorPanel error={problem} retry={() => void of.refetch()} />
            </Panel>
          )
        ) : (
          children
        )}
      </div>
    </div>
  );
}

/** Whether there is nothing at the address: no such object, or a name or id that none can have. */
function isGone({ status }: ApiError): boolean {
  return status === 404 || status === 400;
}

function Gone({ error, list }: { error: ApiError; list: Crumb | undefined }) {
  return (
    <Panel>
      <Empty
        title={error.code === 'platform.input.invalid' ? 'Nothing has this name or id.' : error.message}
        action={list?.to ? <Link to={list.to}>Back to {list.label.toLowerCase()}</Link> : undefined}
      >
        It may have been removed, or the link was cut. Press Ctrl K to find it by name.
      </Empty>
    </Panel>
  );
}
