import type { FeatureService, Prediction, ServedModel, Tensor } from '../../api/types.ts';

export type TryField = {
  name: string;
  datatype: string;
  /** Values that one row holds; null when it is free. */
  width: number | null;
  kind: 'text' | 'number' | 'time' | 'boolean';
};

/** The fields of a request, from the model's own description and, with features, from the service's request. */
export function fieldsOf(model: ServedModel, service: FeatureService | undefined): TryField[] {
  return model.inputs.map((tensor) => {
    const declared = service?.request?.[tensor.name];
    return {
      name: tensor.name,
      datatype: tensor.datatype,
      width: widthOf(tensor),
      kind:
        declared === 'timestamp'
          ? 'time'
          : declared === 'string' || tensor.datatype === 'BYTES'
            ? 'text'
            : tensor.datatype === 'BOOL'
              ? 'boolean'
              : 'number',
    };
  });
}

function widthOf(tensor: Tensor): number | null {
  const sizes = (tensor.shape ?? []).slice(1).map(Number);
  if (sizes.some((size) => !Number.isFinite(size) || size < 0)) return null;
  return sizes.reduce((product, size) => product * size, 1);
}

/** Values to begin with: those of the newest prediction, else something that fits. */
export function firstValues(fields: TryField[], newest: Prediction | undefined): Record<string, string> {
  const inputs =
    newest?.inputs && typeof newest.inputs === 'object' && !Array.isArray(newest.inputs)
      ? (newest.inputs as Record<string, unknown>)
      : {};
  const vector = newest ? Object.values(newest.features) : [];
  return Object.fromEntries(
    fields.map((field) => {
      const known = inputs[field.name];
      if (known !== undefined && known !== null) {
        const time = field.kind === 'time' ? new Date(known as string | number) : null;
        return [
          field.name,
          time && Number.isFinite(time.getTime())
            ? time.toISOString()
            : Array.isArray(known)
              ? known.join(', ')
              : String(known),
        ];
      }
      if (field.kind === 'number' && field.width !== null && vector.length === field.width)
        return [field.name, vector.map((value) => value ?? 0).join(', ')];
      if (field.kind === 'time') return [field.name, new Date().toISOString()];
      if (field.kind === 'number')
        return [
          field.name,
          Array(field.width ?? 1)
            .fill(0)
            .join(', '),
        ];
      return [field.name, field.kind === 'boolean' ? 'false' : ''];
    }),
  );
}

export type InferBody = {
  inputs: { name: string; datatype: string; shape: number[]; data: unknown[] }[];
};

/** One row as a request of the Open Inference Protocol. @throws Error naming the field that does not fit. */
export function bodyOf(fields: TryField[], values: Record<string, string>, model: ServedModel): InferBody {
  return {
    inputs: fields
      .filter((field) => (values[field.name] ?? '') !== '')
      .map((field) => {
        const text = values[field.name] ?? '';
        const data = parsed(field, text);
        const wanted = model.inputs.find((tensor) => tensor.name === field.name)?.shape ?? [];
        const rest = wanted.slice(1).map(Number);
        const shape =
          wanted.length <= 1
            ? [data.length]
            : rest.filter((size) => size < 0).length === 0
              ? [1, ...rest]
              : [1, data.length];
        const elements = shape.reduce((product, size) => product * size, 1);
        if (elements !== data.length)
          throw new Error(`${field.name} takes ${elements} values; there are ${data.length}.`);
        return { name: field.name, datatype: field.datatype, shape, data };
      }),
  };
}

function parsed(field: TryField, text: string): unknown[] {
  const isList = field.width !== 1;
  const parts = isList && field.kind !== 'text' ? text.split(',').map((part) => part.trim()) : [text];
  return parts.map((part) => {
    if (field.kind === 'number') {
      const value = Number(part);
      if (part === '' || Number.isNaN(value)) throw new Error(`${field.name}: "${part}" is no number.`);
      return value;
    }
    if (field.kind === 'boolean') return part === 'true' || part === '1';
    if (field.kind === 'time' && field.datatype !== 'BYTES') {
      const time = Date.parse(part);
      if (Number.isNaN(time)) throw new Error(`${field.name}: "${part}" is no time.`);
      return time;
    }
    return part;
  });
}

/** The same request for a shell. */
export function curlOf(name: string, body: InferBody): string {
  const text = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -s ${window.location.origin}/v2/models/${encodeURIComponent(name)}/infer \\\n  -H 'content-type: application/json' \\\n  -d '${text}'`;
}
