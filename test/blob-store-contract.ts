import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BlobStore } from '../src/platform/blobs/blobs.ts';

const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** What every implementation of the blob port must do. `open` gives an empty store and a folder for test files. */
export function describeBlobStore(
  name: string,
  open: () => Promise<{ blobs: BlobStore; folder: string }>,
): void {
  describe(`blob store: ${name}`, () => {
    it('names bytes by their SHA-256 and gives them back', async () => {
      const { blobs } = await open();
      const bytes = Buffer.from('café ☕');
      const blob = await blobs.put(bytes);
      expect(blob).toEqual({ digest: digestOf(bytes), size: bytes.length });
      expect(await blobs.get(blob.digest)).toEqual(bytes);
      expect(await blobs.size(blob.digest)).toBe(bytes.length);
      expect(blobs.has(blob.digest)).toBe(true);
    });

    it('stores equal content once, also when it comes at once from many', async () => {
      const { blobs } = await open();
      const bytes = Buffer.alloc(100_000, 7);
      const all = await Promise.all(Array.from({ length: 8 }, () => blobs.put(bytes)));
      expect(new Set(all.map((blob) => blob.digest)).size).toBe(1);
      expect(await blobs.get(all[0].digest)).toEqual(bytes);
    });

    it('takes streams and files in pieces', async () => {
      const { blobs, folder } = await open();
      const piece = Buffer.alloc(1 << 16, 3);
      const streamed = await blobs.put(
        (async function* pieces() {
          for (let i = 0; i < 20; i++) yield piece;
        })(),
      );
      const file = join(folder, 'same.bin');
      await writeFile(file, Buffer.concat(Array.from({ length: 20 }, () => piece)));
      expect((await blobs.putFile(file)).digest).toBe(streamed.digest);
      let size = 0;
      for await (const chunk of blobs.stream(streamed.digest)) size += (chunk as Buffer).length;
      expect(size).toBe(20 << 16);
    });

    it('keeps nothing of a stream that fails or is too large', async () => {
      const { blobs } = await open();
      const failing = (async function* broken() {
        yield Buffer.from('half');
        throw new Error('the line broke');
      })();
      await expect(blobs.put(failing)).rejects.toThrow('the line broke');
      expect(blobs.has(digestOf(Buffer.from('half')))).toBe(false);
      const large = blobs.put(Buffer.alloc(100), { maxBytes: 99 });
      await expect(large).rejects.toMatchObject({ code: 'platform.body.too_large', status: 413 });
      expect(blobs.has(digestOf(Buffer.alloc(100)))).toBe(false);
    });

    it('knows no path but its digests', async () => {
      const { blobs } = await open();
      for (const name of ['../../etc/passwd', 'sha256:../../x', `sha256:${'0'.repeat(63)}/`, '', 'sha256:']) {
        expect(blobs.has(name)).toBe(false);
        await expect(blobs.get(name)).rejects.toMatchObject({ code: 'platform.blob.not_found' });
        expect(() => blobs.path(name)).toThrow();
      }
      await expect(blobs.get(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ status: 404 });
    });

    it('forgets what is removed', async () => {
      const { blobs } = await open();
      const { digest } = await blobs.put(Buffer.from('gone'));
      await blobs.remove(digest);
      expect(blobs.has(digest)).toBe(false);
      await blobs.remove(digest);
    });
  });
}
