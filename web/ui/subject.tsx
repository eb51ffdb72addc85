import { Link } from '@tanstack/react-router';

const kinds: Record<string, string> = {
  dataset: 'Dataset',
  suite: 'Expectations',
  'feature-service': 'Feature service',
  pipeline: 'Pipeline',
  run: 'Pipeline run',
  step: 'Step',
  'experiment-run': 'Experiment run',
  model: 'Model',
  deployment: 'Deployment',
  revision: 'Revision',
  rollout: 'Rollout',
  monitor: 'Monitor',
  incident: 'Incident',
  alert: 'Alert',
  approval: 'Approval',
  policy: 'Policy',
  user: 'User',
  prediction: 'Prediction',
  evaluation: 'Evaluation',
  experiment: 'Experiment',
  declaration: 'Declaration',
  project: 'Declaration',
  'logged-model': 'Logged model',
  'label-schema': 'Review question',
  'review-queue': 'Review queue',
  issue: 'Issue',
};

/** The page of a ledger subject, or null when it has none of its own. */
export function subjectPath(subject: string): string | null {
  const colon = subject.indexOf(':');
  if (colon < 0) return null;
  const kind = subject.slice(0, colon);
  const rest = subject.slice(colon + 1);
  const part = (text: string | undefined) => encodeURIComponent(text ?? '');
  const [first, second] = rest.split(/[@/]/);
  switch (kind) {
    case 'dataset':
      return second ? `/data/${part(first)}?version=${part(second)}` : `/data/${part(first)}`;
    case 'suite':
      return `/data/${part(rest)}?tab=expectations`;
    case 'feature-service':
      return `/features/${part(first)}`;
    case 'pipeline':
      return `/pipelines/${part(first)}`;
    case 'run':
      return `/pipelines/runs/${part(rest)}`;
    case 'step':
      return `/pipelines/runs/${part(first)}?step=${part(second)}`;
    case 'experiment-run':
      return `/experiments/runs/${part(rest)}`;
    case 'model':
      // A graph has no page among the models: it is drawn where it serves.
      if (first?.startsWith('graph:')) return `/serving/${part(first.slice('graph:'.length))}`;
      return second ? `/registry/${part(first)}/${part(second)}` : `/registry/${part(first)}`;
    case 'deployment':
    case 'monitor':
      return kind === 'monitor' ? `/monitoring/${part(rest)}` : `/serving/${part(rest)}`;
    case 'rollout':
      return `/serving/rollouts/${part(rest)}`;
    case 'prediction':
      return `/serving/predictions/${part(rest)}`;
    case 'incident':
      return `/monitoring/incidents/${part(rest)}`;
    case 'approval':
      return `/governance/approvals/${part(rest)}`;
    case 'policy':
      return '/governance?tab=policies';
    case 'user':
      return '/settings';
    default:
      return null;
  }
}

/** "model:late-flights/3" → ["Model", "late-flights/3"]. */
export function subjectParts(subject: string): [string, string] {
  const colon = subject.indexOf(':');
  if (colon < 0) return ['', subject];
  const kind = subject.slice(0, colon);
  return [kinds[kind] ?? kind, subject.slice(colon + 1)];
}

/** Long ids by their prefix and their last digits, which tell them apart: "run_01m7…eht8as" → "run_…eht8as". */
export function shortId(name: string): string {
  return name
    .replaceAll(/\b([a-z]+)_[0-9a-z]{14,}([0-9a-z]{6})\b/g, '$1_…$2')
    .replaceAll(/\b[0-9a-f]{24,}([0-9a-f]{6})\b/g, '…$1');
}

/** A link to what a subject names. */
export function SubjectLink({ subject, kind }: { subject: string | null | undefined; kind?: boolean }) {
  if (!subject) return <span className="dim">–</span>;
  const target = subjectPath(subject);
  const [what, name] = subjectParts(subject);
  const text = (
    <>
      {kind ? <span className="dim">{what} </span> : null}
      {shortId(name)}
    </>
  );
  return target ? (
    <Link to={target} title={subject} onClick={(event) => event.stopPropagation()}>
      {text}
    </Link>
  ) : (
    <span title={subject}>{text}</span>
  );
}
