import { Button, Modal } from '@mantine/core';
import { IconSitemap } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import type { Deployment } from '../../api/types.ts';
import { Skeleton } from '../../ui/feedback.tsx';

const Editor = lazy(() => import('./graph-editor.tsx').then((module) => ({ default: module.GraphEditor })));

/** Opens the editor of a deployment's graph, or of a new one; it loads on first use. */
export function GraphButton({ deployment }: { deployment?: Deployment }) {
  const [open, setOpen] = useState(false);
  const label = deployment?.spec.graph ? 'Edit graph' : 'Graph';
  return (
    <>
      <Button variant="default" leftSection={<IconSitemap size={14} />} onClick={() => setOpen(true)}>
        {label}
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        size="min(1200px, 94vw)"
        title={deployment ? `Graph of ${deployment.name}` : 'Deploy a graph'}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {open ? (
          <Suspense fallback={<Skeleton height={420} />}>
            <Editor {...(deployment ? { deployment } : {})} close={() => setOpen(false)} />
          </Suspense>
        ) : null}
      </Modal>
    </>
  );
}
