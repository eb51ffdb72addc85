export type Labels = Record<string, string | number>;
export type Sample = { suffix?: string; labels: Labels; value: number };

/** One metric in the text format of Prometheus; nothing when it has no samples. */
export function metric(name: string, type: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return '';
  const lines = samples.map(({ suffix = '', labels, value }) => {
    const text = Object.entries(labels).map(([key, label]) => `${key}="${escapeLabel(String(label))}"`);
    return `${name}${suffix}${text.length > 0 ? `{${text.join(',')}}` : ''} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
