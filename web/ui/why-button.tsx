import { Button } from '@mantine/core';
import { IconHelpHexagon } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { Skeleton } from './feedback.tsx';
import { Drawer } from './overlay.tsx';

const WhyChain = lazy(() => import('./why-chain.tsx').then((module) => ({ default: module.WhyChain })));

/** Opens the causal chain of a subject beside the page. */
export function WhyButton({ subject, label = 'Why' }: { subject: string; label?: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="default" leftSection={<IconHelpHexagon size={14} />} onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Drawer
        open={open}
        close={() => setOpen(false)}
        title={`Why is ${subject} as it is?`}
        size="min(1100px, 92vw)"
      >
        <Suspense fallback={<Skeleton height={420} />}>
          {open ? <WhyChain subject={subject} /> : null}
        </Suspense>
        <Link to="/ledger/why" search={{ subject } as never} onClick={() => setOpen(false)}>
          Open as a page
        </Link>
      </Drawer>
    </>
  );
}
