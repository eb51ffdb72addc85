import { Button } from '@mantine/core';
import { api } from '../../api/client.ts';
import { useAct, useApi } from '../../api/hooks.ts';
import type { Conversion, ConversionEnvironment, ModelVersion } from '../../api/types.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Digest } from '../../ui/copy-id.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';

const convertible = ['sklearn', 'xgboost', 'lightgbm', 'pytorch', 'onnx'];
const isUnderWay = (conversion: Conversion | null) =>
  conversion?.state === 'queued' || conversion?.state === 'running';

/** The ONNX twin of a version that was registered in another form: how to get it, how far it is, how alike they are. */
export function ConversionPanel({ version, target }: { version: ModelVersion; target: string }) {
  const isRunning = isUnderWay(version.conversion);
  const followed = useApi<Conversion & { log: string }>(`${target}/conversion`, {
    enabled: version.conversion !== null,
    ...(isRunning ? { every: 500 } : {}),
  });
  const convert = useAct(() => api.post<Conversion>(`${target}/convert`), { refresh: ['registry'] });
  const conversion = version.conversion && { log: '', ...version.conversion, ...followed.data };
  const again = (
    <Button variant="default" loading={convert.isPending} onClick={() => convert.mutate()}>
      Try again
    </Button>
  );
  return (
    <Panel
      title="ONNX twin"
      note={`of the registered ${version.flavor} model: what Houston judges and serves`}
    >
      {isUnderWay(conversion) ? <UnderWay conversion={conversion!} /> : null}
      {conversion?.state === 'converted' ? <Twin version={version} conversion={conversion} /> : null}
      {conversion?.state === 'failed' ? (
        <div className="stack">
          <div className="error" role="alert">
            <h3>{conversion.error?.message}</h3>
            <div>The registered model is kept as it was. {conversion.error?.next}</div>
            <div className="row">{again}</div>
          </div>
          {conversion.log ? (
            <details>
              <summary>Log of the conversion</summary>
              <CodeBlock code={conversion.log} maxHeight={320} />
            </details>
          ) : null}
        </div>
      ) : null}
      {conversion === null ? (
        <Unconverted version={version} isPending={convert.isPending} convert={() => convert.mutate()} />
      ) : null}
    </Panel>
  );
}

function UnderWay({ conversion }: { conversion: Conversion }) {
  const share = Math.round((conversion.progress ?? 0) * 100);
  return (
    <div className="stack">
      <div className="bar" role="progressbar" aria-label="Conversion" aria-valuenow={share}>
        <i style={{ width: `${share}%` }} />
      </div>
      <div className="dim">
        {conversion.state === 'queued' ? 'Waiting for its turn' : (conversion.note ?? 'Starting')} · {share} %
        · goes on when this page is closed
      </div>
    </div>
  );
}

function Unconverted({
  version,
  isPending,
  convert,
}: {
  version: ModelVersion;
  isPending: boolean;
  convert: () => void;
}) {
  const environment = useApi<ConversionEnvironment>('/api/registry/conversion');
  const name = `${version.model}:${version.version}`;
  if (!convertible.includes(version.flavor)) {
    return (
      <Empty title={`Models of the flavor ${version.flavor} are recorded, not served`}>
        Log the model as ONNX to deploy it.
      </Empty>
    );
  }
  const { data } = environment;
  const missing = data?.packages.filter(({ found }) => found === null).map((one) => one.name) ?? [];
  if (data?.mode === 'off') {
    return (
      <Empty title="Conversion is switched off on this server">
        Start the server with <code>--conversion ask</code>, or log the model as ONNX.
      </Empty>
    );
  }
  if (data && (data.python === null || missing.length > 0)) {
    return (
      <Empty
        title={
          data.python === null
            ? 'There is no Python to convert with'
            : 'The Python of conversions lacks packages'
        }
        command={
          'npx houston models convert --requirements > requirements.txt\n' +
          'python3 -m venv convert && convert/bin/pip install -r requirements.txt\n' +
          'npx houston serve --python convert/bin/python'
        }
        action={
          <Button variant="default" loading={isPending} onClick={convert}>
            Convert nevertheless
          </Button>
        }
      >
        {missing.length > 0 ? `Missing: ${missing.join(', ')}.` : null}
      </Empty>
    );
  }
  return (
    <Empty
      title="This version is recorded, and cannot be deployed yet"
      command={`npx houston models convert ${name}`}
      action={
        <Button loading={isPending} disabled={!data} onClick={convert}>
          Convert to ONNX
        </Button>
      }
    >
      A process of its own makes an ONNX file of the model, asks both the same rows, and binds the file to
      this version when they agree.
    </Empty>
  );
}

function Twin({ version, conversion }: { version: ModelVersion; conversion: Conversion }) {
  const { parity } = conversion;
  if (!parity) return null;
  const { example = 0, drawn = 0 } = parity.rows;
  return (
    <div className="stack">
      <Stats>
        <Stat
          label="Largest difference"
          value={parity.maxRelative.toExponential(1)}
          note={`relative; ${parity.tolerance} allowed`}
          hint="To the value, or to the root mean square of its output where that is larger"
        />
        <Stat label="Absolute" value={parity.maxAbsolute.toExponential(1)} note="in the unit of the output" />
        <Stat
          label="Rows compared"
          value={example + drawn}
          note={`${example} logged, ${drawn} drawn`}
          hint="Rows of the logged input example, and rows drawn from the signature"
        />
        <Stat
          label="Other labels"
          value={parity.labelMismatches}
          note={`outputs: ${parity.comparedOutputs.join(', ')}`}
        />
      </Stats>
      <KeyValue
        items={[
          ['ONNX file', <Digest key="o" digest={version.digest} />],
          [
            'Registered files',
            version.packaged ? <Digest key="p" digest={version.packaged.digest} /> : undefined,
          ],
          ['Inputs', forms[parity.form] ?? parity.form],
          ['Loaded', parity.ranCode ? 'as a pickle, which ran its code' : 'as data; no code of it ran'],
          [
            'Made with',
            Object.entries(parity.versions)
              .map(([name, number]) => `${name} ${number}`)
              .join(', '),
          ],
          ['Converted', `${utc(conversion.endedAt, 'second')} UTC, asked by ${conversion.actor}`],
        ]}
      />
    </div>
  );
}

const forms: Record<string, string> = {
  matrix: 'one matrix of single precision',
  'matrix-64': 'one matrix of double precision',
  joined: 'one matrix of single precision',
  'joined-float': 'one matrix of single precision',
  columns: 'one tensor a column',
  'columns-float': 'one tensor a column, numbers in single precision',
  tensor: 'as the model itself',
};
