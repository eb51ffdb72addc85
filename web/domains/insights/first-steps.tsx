import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Deployment, Model } from '../../api/types.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Panel } from '../../ui/panel.tsx';
import { RegisterForm } from '../registry/register-form.tsx';
import { DeployForm } from '../serving/deploy-form.tsx';

/** What an empty server teaches: register, deploy, ask. Each step is a command and a form. */
export function FirstSteps({ models, deployments }: { models: Model[]; deployments: Deployment[] }) {
  const navigate = useNavigate();
  const model = models[0]?.name;
  const deployment = deployments[0]?.name;
  return (
    <>
      <Step
        number={1}
        done={models.length > 0}
        title="Register a model"
        text="An ONNX file becomes an immutable version with signature and digest. Scikit-learn, XGBoost, LightGBM and PyTorch all export to ONNX."
        command="npx houston models register late-flights model.onnx"
      >
        <RegisterForm />
      </Step>
      <Step
        number={2}
        done={deployments.length > 0}
        title="Deploy it"
        text="It is checked against its signature, warmed up, recorded and watched from the first request. The next version comes as a canary, and the one before is a request away."
        command={`npx houston deploy ${model ?? 'late-flights'}`}
      >
        <DeployForm done={(name) => void navigate({ to: `/serving/${encodeURIComponent(name)}` })} />
      </Step>
      <Step
        number={3}
        done={false}
        title="Ask it"
        text="Every client of the Open Inference Protocol works. Each answer carries a prediction id; send the outcome to it later and Houston measures how well the model does."
        command={`curl -H 'content-type: application/json' \\
  -d @request.json \\
  ${window.location.origin}/v2/models/${deployment ?? model ?? 'late-flights'}/infer`}
      >
        <div className="dim">
          With no model at hand, <code>npm run demo</code> flies the whole loop on three million real flights:
          data, features, training, gate, canary, drift, healing.
        </div>
      </Step>
    </>
  );
}

function Step({
  number,
  done,
  title,
  text,
  command,
  children,
}: {
  number: number;
  done: boolean;
  title: string;
  text: string;
  command: string;
  children: ReactNode;
}) {
  return (
    <Panel span={4}>
      <div className="stack" style={{ height: '100%' }}>
        <div className="row">
          <span className={done ? 'step-number done' : 'step-number'}>{done ? '✓' : number}</span>
          <h2 style={{ fontSize: 15 }}>{title}</h2>
        </div>
        <p className="dim" style={{ minHeight: 80 }}>
          {text}
        </p>
        <CodeBlock code={command} />
        <div style={{ marginTop: 8 }}>{children}</div>
      </div>
    </Panel>
  );
}
