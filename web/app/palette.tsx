import { Modal, useMantineColorScheme } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useList } from '../api/hooks.ts';
import type {
  Approval,
  Dataset,
  Deployment,
  FeatureService,
  Incident,
  Model,
  Pipeline,
  PipelineRun,
} from '../api/types.ts';
import { subjectPath } from '../ui/subject.tsx';
import { domains } from './domains.ts';

type Entry = { kind: string; label: string; note?: string; run: () => void };

/** Finds every object and action by a few letters. */
export function Palette({ open, close }: { open: boolean; close: () => void }) {
  return (
    <Modal
      opened={open}
      onClose={close}
      withCloseButton={false}
      size={620}
      padding={0}
      yOffset="12vh"
      centered={false}
      aria-label="Find or do"
    >
      {open ? <Finder close={close} /> : null}
    </Modal>
  );
}

function Finder({ close }: { close: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const entries = useEntries(close);
  const found = useMemo(() => ranked(entries, text).slice(0, 60), [entries, text]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new text starts at the top
  useEffect(() => setAt(0), [text]);
  useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  const walk = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setAt((before) =>
        Math.max(0, Math.min(found.length - 1, before + (event.key === 'ArrowDown' ? 1 : -1))),
      );
    } else if (event.key === 'Enter') {
      event.preventDefault();
      found[at]?.run();
    }
  };
  return (
    <div>
      <input
        className="palette-input"
        placeholder="Find a model, deployment, run, page or action"
        aria-label="Find or do"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={`palette-${at}`}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={walk}
        data-autofocus
      />
      <div className="palette-list" id="palette-list" role="listbox" ref={list}>
        {found.map((entry, index) => (
          <button
            key={`${entry.kind}:${entry.label}:${entry.note ?? ''}`}
            id={`palette-${index}`}
            type="button"
            role="option"
            aria-selected={index === at}
            tabIndex={-1}
            className="palette-item"
            onMouseMove={() => setAt(index)}
            onClick={entry.run}
          >
            <span className="dim small" style={{ width: 92 }}>
              {entry.kind}
            </span>
            <span className="truncate">{entry.label}</span>
            <span className="grow" />
            <span className="dim small">{entry.note}</span>
          </button>
        ))}
        {found.length === 0 ? (
          <div className="dim" style={{ padding: 10 }}>
            Nothing has that name. Ledger events are searched on the Ledger page.
          </div>
        ) : null}
      </div>
    </div>
  );
}

function useEntries(close: () => void): Entry[] {
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const datasets = useList<Dataset>('/api/data/datasets');
  const services = useList<FeatureService>('/api/features/services');
  const pipelines = useList<Pipeline>('/api/pipelines');
  const runs = useList<PipelineRun>('/api/pipelines/runs', { query: { limit: 50 } });
  const models = useList<Model>('/api/registry/models');
  const deployments = useList<Deployment>('/api/serving/deployments');
  const incidents = useList<Incident>('/api/monitoring/incidents');
  const approvals = useList<Approval>('/api/governance/approvals');
  return useMemo(() => {
    const go = (to: string) => () => {
      close();
      void navigate({ to });
    };
    const subject = (kind: string, label: string, id: string, note?: string): Entry => ({
      kind,
      label,
      ...(note ? { note } : {}),
      run: go(subjectPath(id) ?? '/ledger'),
    });
    const scheme = (label: string, value: 'light' | 'dark' | 'auto'): Entry => ({
      kind: 'Action',
      label,
      run: () => {
        close();
        setColorScheme(value);
      },
    });
    return [
      { kind: 'Page', label: 'Overview', note: 'g o', run: go('/') },
      ...domains.map((domain) => ({
        kind: 'Page',
        label: domain.label,
        note: `g ${domain.jump}`,
        run: go(domain.to),
      })),
      { kind: 'Page', label: 'Ledger', note: 'g l', run: go('/ledger') },
      { kind: 'Page', label: 'Settings: users and tokens', run: go('/settings') },
      { kind: 'Action', label: 'Register a model', run: go('/?do=register') },
      { kind: 'Action', label: 'Deploy a model', run: go('/?do=deploy') },
      { kind: 'Action', label: 'Upload a data file', run: go('/data?do=upload') },
      { kind: 'Action', label: 'Verify the ledger', run: go('/ledger?do=verify') },
      ...(pipelines.data?.items ?? []).map((item) => ({
        kind: 'Action',
        label: `Run pipeline ${item.name}`,
        run: go(`/pipelines/${encodeURIComponent(item.name)}?do=run`),
      })),
      scheme('Colours: light', 'light'),
      scheme('Colours: dark', 'dark'),
      scheme('Colours: as the system', 'auto'),
      ...(deployments.data?.items ?? []).map((item) =>
        subject('Deployment', item.name, `deployment:${item.name}`, item.environment),
      ),
      ...(models.data?.items ?? []).map((item) => subject('Model', item.name, `model:${item.name}`)),
      ...(datasets.data?.items ?? []).map((item) => subject('Dataset', item.name, `dataset:${item.name}`)),
      ...(services.data?.items ?? []).map((item) =>
        subject('Features', item.name, `feature-service:${item.name}`),
      ),
      ...(pipelines.data?.items ?? []).map((item) => subject('Pipeline', item.name, `pipeline:${item.name}`)),
      ...(incidents.data?.items ?? []).map((item) =>
        subject('Incident', item.title, `incident:${item.id}`, item.state),
      ),
      ...(approvals.data?.items ?? []).map((item) =>
        subject(
          'Approval',
          `${item.model} version ${item.version} to ${item.environment}`,
          `approval:${item.id}`,
          item.state,
        ),
      ),
      ...(runs.data?.items ?? []).map((item) =>
        subject('Run', item.id, `run:${item.id}`, `${item.pipeline} · ${item.state}`),
      ),
    ];
  }, [
    navigate,
    close,
    setColorScheme,
    datasets.data,
    services.data,
    pipelines.data,
    runs.data,
    models.data,
    deployments.data,
    incidents.data,
    approvals.data,
  ]);
}

function ranked(entries: Entry[], text: string): Entry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  return entries
    .map((entry) => {
      const label = entry.label.toLowerCase();
      const whole = `${entry.kind} ${label} ${entry.note ?? ''}`.toLowerCase();
      if (!words.every((word) => whole.includes(word))) return { entry, score: -1 };
      const first = words[0] ?? '';
      return {
        entry,
        score:
          (label.startsWith(first) ? 3 : 0) +
          (label.includes(first) ? 2 : 0) +
          (entry.kind === 'Page' ? 1 : 0),
      };
    })
    .filter((item) => item.score >= 0)
    .sort((left, right) => right.score - left.score)
    .map((item) => item.entry);
}
