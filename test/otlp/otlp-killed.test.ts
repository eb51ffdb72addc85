import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort, kill, serve } from '../separate-server.ts';

const hex = (number: number, size: number) => number.toString(16).padStart(size, '0');

it('keeps every span that it acknowledged when it is killed', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-killed-traces-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const acknowledged: { trace: string; spans: string[] }[] = [];
  let number = 0;
  const send = async () => {
    const trace = hex(++number, 32);
    const ids = Array.from({ length: 5 }, (_, i) => hex(number * 8 + i + 1, 16));
    const spans = ids.map((spanId, i) => ({
      traceId: trace,
      spanId,
      ...(i > 0 && { parentSpanId: ids[0] }),
      name: `s${i}`,
      startTimeUnixNano: '1000000000',
      endTimeUnixNano: '2000000000',
    }));
    const reply = await fetch(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    });
    if (reply.status === 200) acknowledged.push({ trace: `tr-${trace}`, spans: ids });
  };
  let child = await serve(dataDir, port);
  try {
    for (let round = 0; round < 3; round++) {
      let isOver = false;
      const exporters = Array.from({ length: 8 }, async () => {
        while (!isOver) await send().catch(() => (isOver = true));
      });
      const enough = acknowledged.length + 60;
      while (acknowledged.length < enough) await new Promise((resolve) => setTimeout(resolve, 5));
      await kill(child);
      isOver = true;
      await Promise.all(exporters);
      child = await serve(dataDir, port);
    }
    for (const { trace, spans } of acknowledged) {
      const reply = await fetch(`${url}/api/experiments/traces/${trace}`);
      const { state, columns } = (await reply.json()) as { state: string; columns: { id: string[] } };
      expect([state, [...columns.id].sort()]).toEqual(['OK', spans]);
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(180);
  } finally {
    await kill(child);
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 600_000);
