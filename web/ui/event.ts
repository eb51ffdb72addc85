const states: [RegExp, string][] = [
  [
    /rolled-back|refused|rejected|failed|incident\.opened|degraded$|faulted|quarantined|errors\.raised|outputs\.invalid/,
    'failed',
  ],
  [/held|awaiting|requested|detected|stopped/, 'hold'],
  [/promoted|passed|granted|resolved|succeeded|recovered|settled|accepted|outputs\.valid/, 'succeeded'],
];

/** The state word that an event's verb stands for, if any. */
export function eventState(type: string | undefined): string | undefined {
  return states.find(([pattern]) => pattern.test(type ?? ''))?.[1];
}

/** "registry.version.registered" → "version registered". */
export function eventWords(type: string): string {
  return type.split('.').slice(1).join(' ').replaceAll('-', ' ');
}
