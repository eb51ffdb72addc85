import { Button, FocusTrap, Drawer as MantineDrawer, Modal, Textarea } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { ApiError } from '../api/client.ts';
import { ErrorPanel } from './feedback.tsx';

/** Details beside the page, so that the context stays. */
export function Drawer({
  open,
  close,
  title,
  size = 560,
  children,
}: {
  open: boolean;
  close: () => void;
  title: ReactNode;
  size?: number | string;
  children: ReactNode;
}) {
  return (
    <MantineDrawer
      opened={open}
      onClose={close}
      title={title}
      position="right"
      size={size}
      overlayProps={{ backgroundOpacity: 0.25 }}
      transitionProps={{ duration: 100 }}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <FocusTrap.InitialFocus />
      <div className="drawer-body">{children}</div>
    </MantineDrawer>
  );
}

export type ConfirmProps = {
  open: boolean;
  close: () => void;
  /** Names what will be done, and to what: "Roll back flights-delay to version 3". */
  title: string;
  /** What follows from it, and how it can be undone. */
  children?: ReactNode;
  /** The verb on the button. */
  verb: string;
  danger?: boolean;
  /** Asks for a reason, which goes to the ledger. */
  reason?: 'optional' | 'required';
  run: (reason: string) => Promise<unknown>;
};

/** Asks before an action; shows the server's answer when it refuses. */
export function Confirm({ open, close, title, children, verb, danger, reason, run }: ConfirmProps) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const act = async () => {
    setBusy(true);
    setError(null);
    try {
      await run(text.trim());
      setText('');
      close();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={open} onClose={close} title={title} size="md" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack loose">
        {children ? <div>{children}</div> : null}
        {reason ? (
          <Textarea
            label={reason === 'required' ? 'Reason' : 'Reason (optional)'}
            description="Stands in the ledger for good."
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            data-autofocus
          />
        ) : null}
        {error ? (
          <ErrorPanel
            error={error}
            {...(error instanceof ApiError ? { kept: 'Nothing was changed.' } : {})}
          />
        ) : null}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={close}>
            Keep as it is
          </Button>
          <Button
            color={danger ? 'red' : 'blue'}
            loading={busy}
            disabled={reason === 'required' && text.trim() === ''}
            onClick={() => void act()}
          >
            {verb}
          </Button>
        </div>
      </div>
    </Modal>
  );
}
