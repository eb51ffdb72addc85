import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Empty } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { WhyChain } from '../../ui/why-chain.tsx';

/** The causal chain of any subject, at its own address. */
export function WhyPage() {
  const [subject, setSubject] = useUrlState('subject');
  const [text, setText] = useState(subject);
  const ask = (event: FormEvent) => {
    event.preventDefault();
    setSubject(text.trim());
  };
  return (
    <Page
      title={subject ? `Why is ${subject} as it is?` : 'Why?'}
      crumbs={[{ label: 'Ledger', to: '/ledger' }]}
      {...(subject
        ? {
            api: {
              path: `/api/ledger/why?subject=${encodeURIComponent(subject)}`,
              cli: `houston why ${subject}`,
            },
          }
        : {})}
      actions={
        <form className="row" onSubmit={ask}>
          <TextInput
            aria-label="Subject"
            placeholder="deployment:NAME, model:NAME/3, rollout:ID"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            w={300}
          />
          <Button type="submit" variant="default">
            Explain
          </Button>
        </form>
      }
    >
      <Panel>
        {subject ? (
          <WhyChain subject={subject} />
        ) : (
          <Empty title="Name a subject" command="npx houston why deployment:NAME">
            A deployment, a rollout, an incident, a model version, a dataset version, one prediction: what led
            to it is drawn from the ledger, from left to right.
          </Empty>
        )}
      </Panel>
    </Page>
  );
}
