import { api } from '../api/client.ts';

/** Where a link of a tracking client leads here: a page, or one of an experiment that still has to be named by its id. */
export type ClientPlace =
  | { to: string; search?: Record<string, string> }
  | { experiment: string; tab?: string };

const tabs: Readonly<Record<string, string>> = {
  models: 'models',
  traces: 'traces',
  overview: 'traces',
  'review-queue': 'reviews',
  issues: 'reviews',
};

/**
 * Reads the part after `#` of the addresses that MLflow's clients print (`/#/experiments/7/runs/0af3…`); null when
 * it is none of them.
 */
export function placeOfClientLink(hash: string): ClientPlace | null {
  if (!hash.startsWith('#/')) return null;
  const [path = '', query = ''] = hash.slice(1).split('?');
  const parts = path.split('/').filter(Boolean).map(readPart);
  const search = new URLSearchParams(query);
  const [noun, id, part, which] = parts;
  const page = (...segments: string[]) => ({ to: `/${segments.map(encodeURIComponent).join('/')}` });
  if (noun === 'models' && id)
    return part === 'versions' && which ? page('registry', id, which) : page('registry', id);
  if (noun === 'models') return page('registry');
  if (noun === 'prompts')
    return id ? page('registry', id) : { ...page('registry'), search: { show: 'prompts' } };
  if (noun === 'compare-runs')
    return { ...page('experiments', 'runs', 'compare'), search: { runs: runsOf(search) } };
  if (noun !== 'experiments') return null;
  if (!id) return page('experiments');
  const trace = search.get('selectedEvaluationId') ?? search.get('selectedTraceId');
  if (part === 'runs' && which) return page('experiments', 'runs', which);
  if (part === 'prompts' && which) return page('registry', which);
  if (trace?.startsWith('tr-')) return page('experiments', 'traces', trace);
  const tab = tabs[part ?? ''];
  return { experiment: id, ...(tab && { tab }) };
}

function readPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The runs of a comparison stand as JSON in the query. */
function runsOf(search: URLSearchParams): string {
  try {
    const runs: unknown = JSON.parse(search.get('runs') ?? '[]');
    return Array.isArray(runs) ? runs.join(',') : '';
  } catch {
    return '';
  }
}

type Experiment = { experiment: { name: string } };

/** The address in this page of a client's link; an experiment that is not there leads to the list of all. */
export async function addressOfClientLink(
  hash: string,
): Promise<{ to: string; search: Record<string, string> } | null> {
  const place = placeOfClientLink(hash);
  if (place === null) return null;
  if ('to' in place) return { search: {}, ...place };
  try {
    const { experiment } = await api.get<Experiment>('/ajax-api/2.0/mlflow/experiments/get', {
      experiment_id: place.experiment,
    });
    return {
      to: `/experiments/${encodeURIComponent(experiment.name)}`,
      search: place.tab ? { tab: place.tab } : {},
    };
  } catch {
    return { to: '/experiments', search: {} };
  }
}
