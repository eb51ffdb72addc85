import { useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Evaluation, Model, ModelVersion } from '../../api/types.ts';
import { Digest } from '../../ui/copy-id.tsx';
import { Loaded } from '../../ui/feedback.tsx';
import { ago, bytes, utc } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { signedInterval } from '../../ui/signed.ts';
import { Stat, Stats } from '../../ui/stat.tsx';
import { Tabs, useTab } from '../../ui/tabs.tsx';
import { ConversionPanel } from './conversion-panel.tsx';
import { EvaluationView, NotEvaluated } from './evaluation-view.tsx';
import { LineageView } from './lineage-view.tsx';
import { SignatureView } from './signature-view.tsx';
import { VerdictsView } from './verdicts-view.tsx';
import { VersionActions } from './version-actions.tsx';
import { Aliases, PlacementLinks, usePlacements, VerdictBadge } from './version-bits.tsx';

/** One version: may it ship, on what evidence, made from what, and what can be done with it. */
export function ModelVersionPage() {
  const { name, version: reference } = useParams({ strict: false }) as { name: string; version: string };
  const target = path`/api/registry/models/${name}/versions/${reference}`;
  const version = useApi<ModelVersion>(target, { keep: false });
  const model = useApi<Model>(path`/api/registry/models/${name}`);
  const found = version.data;
  const evaluation = useApi<Evaluation>(`${target}/evaluation`, {
    enabled: typeof found?.evaluation === 'string',
    keep: false,
  });
  const placements = usePlacements()(name, found?.version ?? -1);
  const [tab] = useTab('board');
  const report = evaluation.data?.report;
  return (
    <Page
      of={version}
      title={`${name} version ${found?.version ?? reference}`}
      crumbs={[
        { label: 'Models', to: '/registry' },
        { label: name, to: path`/registry/${name}` },
      ]}
      subject={`model:${name}/${found?.version ?? reference}`}
      state={found ? <VerdictBadge version={found} /> : undefined}
      actions={found ? <VersionActions version={found} model={model.data} target={target} /> : undefined}
      api={{ path: target, cli: `houston models show ${name}` }}
      tabs={
        <Tabs
          items={[
            { key: 'board', label: 'Go / no-go' },
            { key: 'evaluation', label: 'Evaluation' },
            { key: 'signature', label: 'Signature' },
            { key: 'lineage', label: 'Lineage' },
            { key: 'verdicts', label: 'Verdicts' },
          ]}
        />
      }
    >
      <Loaded query={version} height={320}>
        {(shown) => (
          <>
            <Panel>
              <Stats>
                <Stat
                  label="AUC"
                  value={shown.evaluation === null ? '–' : (report?.candidate.auc.value ?? null)}
                  decimals={3}
                  interval={report ? [report.candidate.auc.lower, report.candidate.auc.upper] : null}
                  {...(shown.evaluation === null ? { note: 'not evaluated' } : {})}
                />
                <Stat
                  label="Against the champion"
                  value={difference(report?.versusChampion?.auc)}
                  note={report?.versusChampion ? 'AUC on the same rows' : 'no champion to compare with'}
                />
                <Stat
                  label="Log loss"
                  value={report?.candidate.logLoss.value ?? null}
                  decimals={3}
                  interval={report ? [report.candidate.logLoss.lower, report.candidate.logLoss.upper] : null}
                />
                <div className="stat">
                  <div className="stat-label">Serves in</div>
                  <div style={{ lineHeight: '28px' }}>
                    <PlacementLinks placements={placements} />
                  </div>
                  <div className="stat-note">
                    <Aliases aliases={shown.aliases} />
                  </div>
                </div>
                <div className="stat">
                  <div className="stat-label">Digest</div>
                  <div style={{ lineHeight: '28px' }}>
                    <Digest digest={shown.digest} />
                  </div>
                  <div className="stat-note">
                    {shown.packaged ? `${shown.flavor} as ONNX` : shown.flavor}, {bytes(shown.size)}
                  </div>
                </div>
                <Stat
                  label="Registered"
                  value={ago(shown.createdAt)}
                  note={shown.source || shown.actor}
                  hint={`${utc(shown.createdAt, 'second')} UTC by ${shown.actor}`}
                />
              </Stats>
            </Panel>
            {isConverted(shown) && (tab === 'board' || !shown.servable) ? (
              <ConversionPanel version={shown} target={target} />
            ) : null}
            {tab === 'board' && shown.servable ? (
              <VerdictsView version={shown} target={target} newestOnly />
            ) : null}
            {tab === 'evaluation' ? (
              shown.evaluation === null ? (
                <NotEvaluated name={name} />
              ) : (
                <Loaded query={evaluation} height={420}>
                  {(data) => <EvaluationView evaluation={data} />}
                </Loaded>
              )
            ) : null}
            {tab === 'signature' ? <SignatureView version={shown} /> : null}
            {tab === 'lineage' ? <LineageView version={shown} target={target} /> : null}
            {tab === 'verdicts' ? <VerdictsView version={shown} target={target} /> : null}
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** Registered in a form that is not served as it is. */
const isConverted = ({ servable, packaged }: ModelVersion) => !servable || packaged !== null;

function difference(
  found: { value: number | null; lower: number | null; upper: number | null } | undefined,
): string {
  if (!found) return '–';
  return signedInterval(found.value, null, null);
}
