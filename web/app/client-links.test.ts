import { describe, expect, it } from 'vitest';
import { placeOfClientLink } from './client-links.ts';

describe('links that tracking clients print', () => {
  it.each([
    ['#/experiments', { to: '/experiments' }],
    ['#/experiments/7', { experiment: '7' }],
    ['#/experiments/7/overview', { experiment: '7', tab: 'traces' }],
    ['#/experiments/7/traces', { experiment: '7', tab: 'traces' }],
    ['#/experiments/7/traces?selectedEvaluationId=tr-0af3', { to: '/experiments/traces/tr-0af3' }],
    ['#/experiments/7/traces?selectedEvaluationId=x', { experiment: '7', tab: 'traces' }],
    ['#/experiments/7/review-queue', { experiment: '7', tab: 'reviews' }],
    ['#/experiments/7/models/m-1', { experiment: '7', tab: 'models' }],
    ['#/experiments/7/runs/0af3', { to: '/experiments/runs/0af3' }],
    ['#/experiments/7/runs/0af3/artifacts/a/b', { to: '/experiments/runs/0af3' }],
    ['#/models', { to: '/registry' }],
    ['#/models/a%20b/versions/3', { to: '/registry/a%20b/3' }],
    ['#/models/churn', { to: '/registry/churn' }],
    ['#/prompts', { to: '/registry', search: { show: 'prompts' } }],
    ['#/prompts/greeting', { to: '/registry/greeting' }],
    ['#/compare-runs?runs=[%22a%22,%22b%22]', { to: '/experiments/runs/compare', search: { runs: 'a,b' } }],
    ['#/compare-runs?runs=nonsense', { to: '/experiments/runs/compare', search: { runs: '' } }],
    ['#/models/%/versions/1', { to: '/registry/%25/1' }],
    ['#/elsewhere', null],
    ['#main', null],
    ['', null],
  ])('%s', (hash, place) => expect(placeOfClientLink(hash)).toEqual(place));
});
