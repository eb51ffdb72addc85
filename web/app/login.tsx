import { Button, PasswordInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api } from '../api/client.ts';
import { ErrorPanel } from '../ui/feedback.tsx';
import { Mark } from './mark.tsx';

/** Asks for an access token and opens a session with it. */
export function Login() {
  const client = useQueryClient();
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const open = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await api.post('/api/auth/session', { token: token.trim() });
      await client.invalidateQueries();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <main className="login">
      <form className="stack loose" onSubmit={(event) => void open(event)}>
        <div className="row">
          <Mark size={28} />
          <h1 style={{ fontSize: 20 }}>Houston</h1>
        </div>
        <p className="dim">
          This server asks who you are. Paste the access token that you were given; it is checked here and
          kept in a cookie that scripts cannot read.
        </p>
        <PasswordInput
          label="Access token"
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          autoFocus
          required
          autoComplete="off"
        />
        {error ? <ErrorPanel error={error} /> : null}
        <Button type="submit" loading={busy} disabled={token.trim() === ''} size="sm">
          Open Houston
        </Button>
      </form>
    </main>
  );
}
