import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocalBlobs } from '../src/platform/blobs/blobs.ts';
import { openUnflushed } from '../src/platform/blobs/unflushed.ts';
import { readConfig } from '../src/platform/config.ts';
import { createLogger } from '../src/platform/log.ts';

const hexOf = (digest: string) => digest.slice(7);

describe('blobs and power cuts', () => {
  let dataDir: string;
  let logged: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'houston-power-'));
    logged = '';
  });
  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  const openIn = (boot: string) =>
    openLocalBlobs(readConfig({ dataDir }, {}), {
      boot,
      log: createLogger('error', {}, (line) => {
        logged += line;
      }),
    });
  const noted = () =>
    readdirSync(join(dataDir, 'unflushed'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /[0-9a-f]{64}$/.test(name),
    );
  /** Two blobs that the device has not confirmed, one of which has lost its end. */
  const cutIn = async (boot: string) => {
    const blobs = openIn(boot);
    const [whole, spoilt] = [await blobs.put(Buffer.from('whole')), await blobs.put(Buffer.from('spoilt'))];
    const spared = await blobs.put(Buffer.from('flushed long before'));
    await blobs.flushed();
    for (const { digest } of [whole, spoilt])
      writeFileSync(join(dataDir, 'unflushed', boot, hexOf(digest)), '');
    truncateSync(blobs.path(spoilt.digest), 3);
    return { whole: whole.digest, spoilt: spoilt.digest, spared: spared.digest };
  };

  it('note what is not flushed until it is', async () => {
    const blobs = openIn('one');
    await Promise.all(Array.from({ length: 20 }, (_, i) => blobs.put(Buffer.from(`blob ${i}`))));
    await blobs.flushed();
    expect(noted()).toEqual([]);
    const unflushed = openUnflushed(join(dataDir, 'unflushed'), (hex) => join(dataDir, hex), { boot: 'one' });
    const name = 'a'.repeat(64);
    unflushed.note(name);
    expect(noted()).toEqual([`one/${name}`]);
    writeFileSync(join(dataDir, name), 'bytes');
    unflushed.flush(name);
    await unflushed.settled();
    expect(noted()).toEqual([]);
  });

  it('remove and report what does not match its name after another boot', async () => {
    const { whole, spoilt, spared } = await cutIn('one');
    const blobs = openIn('two');
    expect([whole, spoilt, spared].map(blobs.has)).toEqual([true, false, true]);
    expect(logged).toContain(hexOf(spoilt));
    expect(logged).not.toContain(hexOf(whole));
    await blobs.flushed();
    expect(noted()).toEqual([]);
    expect((await blobs.put(Buffer.from('spoilt'))).digest).toBe(spoilt);
    expect((await blobs.get(spoilt)).toString()).toBe('spoilt');
  });

  it('read nothing again when only the process died', async () => {
    const { spoilt } = await cutIn('one');
    const blobs = openIn('one');
    expect(blobs.has(spoilt)).toBe(true);
    await blobs.flushed();
    expect(noted()).toEqual([]);
    expect(logged).toBe('');
  });

  it('forget a note of bytes that are gone', async () => {
    const { whole } = await cutIn('one');
    rmSync(openIn('one').path(whole));
    const blobs = openIn('two');
    await blobs.flushed();
    expect(noted()).toEqual([]);
    expect(blobs.has(whole)).toBe(false);
    expect(logged).not.toContain(hexOf(whole));
  });

  it('keep the note of what the device refused, and read it at the next start', async () => {
    const [root, name] = [join(dataDir, 'unflushed'), 'b'.repeat(64)];
    const file = join(dataDir, name);
    // A folder cannot be opened for writing, as a file on a device that went read-only.
    mkdirSync(file);
    const failures: string[] = [];
    const unflushed = openUnflushed(root, () => file, {
      boot: 'one',
      onFailure: (sha256) => failures.push(sha256),
    });
    unflushed.note(name);
    unflushed.flush(name);
    await unflushed.settled();
    expect(failures).toEqual([name]);
    expect(noted()).toEqual([`refused/${name}`]);
    rmdirSync(file);
    writeFileSync(file, 'other bytes');
    expect(openUnflushed(root, () => file, { boot: 'one' }).lost).toEqual([name]);
  });

  it('join no parts of an upload that began before', async () => {
    const before = openIn('one').uploads;
    const part = async function* (text: string) {
      yield Buffer.from(text);
    };
    const id = await before.begin('label', 1);
    const etag = await before.putPart(id, 'label', 1, part('part'));
    const complete = (boot: string) => openIn(boot).uploads.complete(id, 'label', [{ number: 1, etag }]);
    await expect(complete('two')).rejects.toMatchObject({ code: 'platform.upload.not_found' });
    expect((await complete('one')).size).toBe(4);
  });
});
