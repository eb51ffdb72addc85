/** Operators whose time has no bound in the size of the inputs: they repeat or choose by values. */
const controlFlow = new Set(['Loop', 'If', 'Scan', 'SequenceMap']);
/** Operators whose output is as large as the values of an input say. */
const sizedByValues = new Set([
  'Range',
  'ConstantOfShape',
  'Expand',
  'Tile',
  'Resize',
  'Upsample',
  'OneHot',
  'Pad',
  'CenterCropPad',
]);

/**
 * Why a graph belongs into a process of its own, also when made-up rows went well: what other rows do to it cannot be
 * told from its operators. Null when its time and memory grow with the size of its inputs alone. `operators` counts by
 * operator, those outside ONNX's own sets as `domain:operator`.
 */
export function isolationReason(operators: Readonly<Record<string, number>>): string | null {
  const names = Object.keys(operators);
  const flow = names.filter((name) => controlFlow.has(name));
  if (flow.length > 0) return `it has control flow (${flow.join(', ')})`;
  const custom = names.filter((name) => name.includes(':') && !name.startsWith('com.microsoft:'));
  if (custom.length > 0) return `it has operators of its own (${custom.slice(0, 3).join(', ')})`;
  const sized = names.filter((name) => sizedByValues.has(name));
  return sized.length > 0 ? `values of its inputs may decide how large it grows (${sized.join(', ')})` : null;
}
