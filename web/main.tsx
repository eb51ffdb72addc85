import { MantineProvider } from '@mantine/core';
import '@mantine/core/styles.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiError } from './api/client.ts';
import { addressOfClientLink } from './app/client-links.ts';
import { router } from './app/router.tsx';
import { theme } from './ui/theme.ts';
import './ui/tokens.css';
import './ui/ui.css';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
    },
  },
});

/** Addresses that MLflow's clients print lead to the pages of the same things. */
async function followClientLink(): Promise<void> {
  const address = await addressOfClientLink(window.location.hash);
  if (address)
    await router.navigate({ to: address.to, search: address.search as never, hash: '', replace: true });
}
window.addEventListener('hashchange', () => void followClientLink());

const root = document.getElementById('root');
if (root) {
  await followClientLink();
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto">
        <QueryClientProvider client={client}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
