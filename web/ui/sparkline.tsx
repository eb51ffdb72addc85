/** A line without axes, for table rows; breaks where values are missing. `limit` draws the bound. */
export function Sparkline({
  values,
  width = 96,
  height = 20,
  limit,
  label,
}: {
  values: (number | null | undefined)[];
  width?: number;
  height?: number;
  limit?: number | null;
  label: string;
}) {
  const known = values.filter(
    (value): value is number => value !== null && value !== undefined && Number.isFinite(value),
  );
  if (known.length === 0) return <span className="faint">–</span>;
  const all = limit === null || limit === undefined ? known : [...known, limit];
  const low = Math.min(...all);
  const high = Math.max(...all);
  const x = (at: number) => (values.length < 2 ? width / 2 : 1 + (at / (values.length - 1)) * (width - 4));
  const y = (value: number) => 2 + (height - 4) * (high > low ? 1 - (value - low) / (high - low) : 0.5);
  let path = '';
  let broken = true;
  values.forEach((value, at) => {
    if (value === null || value === undefined || !Number.isFinite(value)) {
      broken = true;
      return;
    }
    path += `${broken ? 'M' : 'L'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    broken = false;
  });
  const last = values.length - 1;
  const end = values[last];
  return (
    <svg width={width} height={height} role="img" aria-label={label} style={{ verticalAlign: 'middle' }}>
      {limit === null || limit === undefined ? null : (
        <line
          x1={0}
          x2={width}
          y1={y(limit)}
          y2={y(limit)}
          stroke="var(--bad)"
          strokeDasharray="2 2"
          opacity={0.7}
        />
      )}
      <path d={path} fill="none" stroke="var(--s1)" strokeWidth={1.25} />
      {end === null || end === undefined || !Number.isFinite(end) ? null : (
        <circle cx={x(last)} cy={y(end)} r={1.8} fill="var(--s1)" />
      )}
    </svg>
  );
}

/** One small cell per window in the colour of its state, oldest first: the health of the past at a glance. */
export function StateStrip({ states, label }: { states: { state: string; title: string }[]; label: string }) {
  const fills: Record<string, string> = {
    healthy: 'var(--ok)',
    degraded: 'var(--warn)',
    failing: 'var(--bad)',
    paused: 'var(--pause)',
  };
  return (
    <svg width={states.length * 6} height={18} role="img" aria-label={label}>
      {states.map((item, at) => (
        <rect
          // biome-ignore lint/suspicious/noArrayIndexKey: cells have no identity but their place
          key={at}
          x={at * 6}
          y={item.state === 'failing' ? 0 : item.state === 'degraded' ? 3 : 6}
          width={4.5}
          height={item.state === 'failing' ? 18 : item.state === 'degraded' ? 15 : 12}
          fill={fills[item.state] ?? 'var(--line-strong)'}
        >
          <title>{item.title}</title>
        </rect>
      ))}
    </svg>
  );
}
