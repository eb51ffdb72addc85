import type { ModelVersion, Tensor } from '../../api/types.ts';
import { Digest } from '../../ui/copy-id.tsx';
import { KeyValue } from '../../ui/key-value.tsx';
import { Panel } from '../../ui/panel.tsx';
import { SubjectLink } from '../../ui/subject.tsx';

/** What goes in and what comes out, read from the file; and what the file says of itself. */
export function SignatureView({ version }: { version: ModelVersion }) {
  const { signature, format, lineage } = version;
  const features = signature.features ?? null;
  return (
    <>
      <TensorTable title="Inputs" tensors={signature.inputs} />
      <TensorTable title="Outputs" tensors={signature.outputs} />
      <Panel
        title="Features"
        note={features ? `${features.length} columns of the input matrix, in order` : undefined}
        span={6}
      >
        {features ? (
          <ol
            style={{ margin: 0, paddingLeft: 28, columns: features.length > 8 ? 2 : 1, lineHeight: '24px' }}
          >
            {features.map((feature) => (
              <li key={feature}>
                <code>{feature}</code>
              </li>
            ))}
          </ol>
        ) : (
          <span className="dim">The file does not name the columns of its input.</span>
        )}
      </Panel>
      <Panel title="File" span={6}>
        <KeyValue
          items={[
            ['Digest', <Digest key="d" digest={version.digest} />],
            ['Producer', format?.producer],
            ['IR version', format ? String(format.irVersion) : undefined],
            [
              'Opsets',
              format?.opsets.map((opset) => `${opset.domain || 'ai.onnx'} ${opset.version}`).join(', '),
            ],
            [
              'Operators',
              format
                ? Object.entries(format.operators)
                    .map(([name, count]) => (count > 1 ? `${name} × ${count}` : name))
                    .join(', ')
                : undefined,
            ],
            [
              'Training profile',
              version.trainingProfile ? (
                <Digest key="t" digest={version.trainingProfile} />
              ) : (
                'none: drift is judged against the first windows'
              ),
            ],
            [
              'Feature service',
              lineage.featureService ? (
                <SubjectLink key="f" subject={`feature-service:${lineage.featureService}`} />
              ) : undefined,
            ],
          ]}
        />
      </Panel>
    </>
  );
}

function TensorTable({ title, tensors }: { title: string; tensors: Tensor[] }) {
  return (
    <Panel title={title} span={6} flush>
      <table className="plain-table">
        <thead>
          <tr>
            <th>Name</th>
            <th>Type</th>
            <th>Shape</th>
          </tr>
        </thead>
        <tbody>
          {tensors.map((tensor) => (
            <tr key={tensor.name}>
              <td>
                <code>{tensor.name}</code>
              </td>
              <td>{tensor.datatype}</td>
              <td>
                <code>{shapeText(tensor.shape)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** [-1, 12] → "any × 12". */
export function shapeText(shape: Tensor['shape']): string {
  if (!shape) return 'any';
  return (
    shape.map((size) => (size === -1 || size === null ? 'any' : String(size))).join(' × ') || 'one value'
  );
}
