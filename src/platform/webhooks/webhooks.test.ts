import type { lookup } from 'node:dns';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { checkAddress, checkUrl, parseHostRule } from './hosts.model.ts';
import { seal, unseal } from './secrets.ts';
import { send } from './send.ts';

const refused = { code: 'webhooks.host.refused' };
const allowed = (url: string, ...hosts: string[]) => checkUrl(url, hosts).reach;

describe('where webhooks may go', () => {
  it('is nowhere unless the list names it', () => {
    expect(() => allowed('https://example.com/')).toThrow(expect.objectContaining(refused));
    expect(allowed('https://example.com/x', 'example.com')).toBe('public');
    expect(allowed('https://EXAMPLE.com./x', 'example.com')).toBe('public');
    expect(allowed('https://a.example.com/', '*.example.com')).toBe('public');
    expect(allowed('https://anything.org/', '*')).toBe('public');
    for (const [url, host] of [
      ['http://example.com/', 'example.com'],
      ['https://example.com:8443/', 'example.com'],
      ['https://example.com.evil.org/', 'example.com'],
      ['https://notexample.com/', '*.example.com'],
      ['https://example.com/', '*.example.com'],
      ['https://localhost/', '*'.repeat(2)],
    ] as const) {
      expect(() => allowed(url, host), url).toThrow(expect.objectContaining(refused));
    }
    expect(allowed('http://localhost:9/', 'http://localhost:*')).toBe('loopback');
    expect(allowed('http://10.1.2.3/', 'http://10.1.2.3')).toBe('any');
    expect(allowed('https://in.example.com/', 'in.example.com+private')).toBe('private');
    expect(parseHostRule('http://a/b')).toBeUndefined();
  });

  it.each(['ftp://example.com/', 'https://me:pw@example.com/', 'nonsense', 'file:///etc/passwd', ''])(
    'takes no %s',
    (url) => {
      expect(() => allowed(url, '*')).toThrow(expect.objectContaining({ code: 'webhooks.url.invalid' }));
    },
  );

  it.each([
    '127.0.0.1',
    '127.1',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '１２７.0.0.1',
    '0',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.100.100.200',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
    '[2001:0:7f00:1::]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
  ])('refuses the address %s even when all public hosts are allowed', (host) => {
    expect(() => allowed(`https://${host}/`, '*')).toThrow(expect.objectContaining(refused));
  });

  it('tells public, private and loopback apart', () => {
    for (const address of ['93.184.216.34', '2606:2800:220:1::1']) checkAddress(address, 'public');
    checkAddress('10.0.0.1', 'private');
    checkAddress('127.0.0.1', 'loopback');
    expect(() => checkAddress('169.254.169.254', 'private')).toThrow(expect.objectContaining(refused));
    expect(() => checkAddress('127.0.0.1', 'private')).toThrow(expect.objectContaining(refused));
    expect(() => checkAddress('10.0.0.1', 'loopback')).toThrow(expect.objectContaining(refused));
    expect(() => checkAddress('nonsense', 'private')).toThrow(expect.objectContaining(refused));
  });
});

describe('sending', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const serve = async (answer: (reply: import('node:http').ServerResponse) => void) => {
    let asked = 0;
    const server = createServer((request, reply) => {
      asked++;
      request.resume();
      answer(reply);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { port: (server.address() as AddressInfo).port, asked: () => asked };
  };
  const message = { id: 'one', body: '{}' };
  const base = { secret: 'x', headerPrefix: 'X-MLflow', timeoutMs: 3000 };
  const answers = (...rounds: string[][]) => {
    let round = 0;
    const resolve = (_host: string, _options: object, done: (error: null, list: object[]) => void) => {
      const addresses = rounds[Math.min(round++, rounds.length - 1)]!;
      done(
        null,
        addresses.map((address) => ({ address, family: 4 })),
      );
    };
    return { lookup: resolve as unknown as typeof lookup, rounds: () => round };
  };

  it('goes to the address that was checked, and resolves once', async () => {
    const receiver = await serve((reply) => reply.end());
    const url = `http://localhost:${receiver.port}/`;
    const names = answers(['127.0.0.1'], ['10.0.0.1']);
    const sent = await send(message, { ...base, url, hosts: ['http://localhost:*'], lookup: names.lookup });
    expect(sent).toMatchObject({ status: 200, error: null });
    expect([names.rounds(), receiver.asked()]).toEqual([1, 1]);
  });

  it.each([[['127.0.0.1']], [['93.184.216.34', '127.0.0.1']], [['169.254.169.254']], [['10.0.0.1']]])(
    'connects to nothing when a public name leads to %s',
    async (addresses) => {
      const receiver = await serve((reply) => reply.end());
      const url = `http://rebound.example:${receiver.port}/`;
      const hosts = ['http://rebound.example:*'];
      const sent = await send(message, { ...base, url, hosts, lookup: answers(addresses).lookup });
      expect(sent).toMatchObject({ status: null, retry: false });
      expect(sent.error).toContain('refused');
      expect(receiver.asked()).toBe(0);
    },
  );

  it('follows no redirect', async () => {
    const secret = await serve((reply) => reply.end());
    const receiver = await serve((reply) =>
      reply.writeHead(307, { location: `http://127.0.0.1:${secret.port}/` }).end(),
    );
    const url = `http://localhost:${receiver.port}/`;
    const sent = await send(message, { ...base, url, hosts: ['http://localhost:*'] });
    expect(sent).toMatchObject({ status: 307, retry: false });
    expect(secret.asked()).toBe(0);
  });

  it('tries 429 and 5xx again, not other refusals; reads little of the reply; waits not for ever', async () => {
    const hosts = ['http://localhost:*'];
    const cases = [
      [429, true],
      [503, true],
      [400, false],
      [410, false],
    ] as const;
    for (const [status, retry] of cases) {
      const receiver = await serve((reply) => reply.writeHead(status, { 'retry-after': '7' }).end());
      const sent = await send(message, { ...base, url: `http://localhost:${receiver.port}/`, hosts });
      expect(sent).toMatchObject({ status, retry, waitMs: 7000 });
    }
    const endless = await serve((reply) => {
      const write = () => reply.writable && reply.write('x'.repeat(65_536), write);
      write();
    });
    const large = await send(message, { ...base, url: `http://localhost:${endless.port}/`, hosts });
    expect(large).toMatchObject({ status: 200, error: null });
    const silent = await serve(() => {});
    const url = `http://localhost:${silent.port}/`;
    const late = await send(message, { ...base, url, hosts, timeoutMs: 300 });
    expect(late).toMatchObject({ status: null, retry: true });
    const gone = await send(message, { ...base, url: 'http://localhost:1/', hosts });
    expect(gone).toMatchObject({ status: null, retry: true });
  });
});

describe('secrets at rest', () => {
  it('are read with the key of the data folder and for their owner only', () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'houston-test-'));
    try {
      const config = readConfig({ dataDir, port: 0 }, {});
      const sealed = seal(config, 'not a real secret', 'hook_1');
      expect(sealed).not.toContain('secret');
      expect(seal(config, 'not a real secret', 'hook_1')).not.toBe(sealed);
      expect(unseal(config, sealed, 'hook_1')).toBe('not a real secret');
      const key = join(dataDir, 'webhooks.key');
      expect(statSync(key).mode & 0o777).toBe(0o600);
      const unreadable = expect.objectContaining({ code: 'webhooks.secret.unreadable' });
      expect(() => unseal(config, sealed, 'hook_2')).toThrow(unreadable);
      expect(() => unseal(config, `${sealed.slice(0, -4)}AAAA`, 'hook_1')).toThrow(unreadable);
      rmSync(key);
      expect(() => unseal(config, sealed, 'hook_1')).toThrow(unreadable);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
