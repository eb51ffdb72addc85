/**
 * Child of cache.ts: Houston with one model of some milliseconds in a worker thread, its cache on or off as the parent
 * says, on a free port. Both answer with what the cache has counted.
 */
import { logisticModel } from '../../test/serving/models.ts';
import { startServing } from '../../test/serving/serving-server.ts';

const server = await startServing({ logLevel: 'error' });
await server.registry.add(
  server.platform,
  'm',
  logisticModel({ weights: [1, 1], burn: Number(process.argv[2]) }),
);

/** Declares the cache that the parent asks for; one that is turned off and on again is empty. */
async function declare(cache: boolean): Promise<void> {
  const spec = { model: 'm', runtime: { placement: 'worker' }, cache };
  await server.call('PUT', '/api/serving/deployments/m', spec);
}
await declare(false);
await server.call('POST', '/api/serving/deployments/m/deploy', {});
process.on('message', async ({ cache }: { cache: boolean }) => {
  await declare(cache);
  const { body } = await server.call('GET', '/api/serving/deployments/m');
  process.send?.({ cache: body.cache });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url: `${server.url}/v2/models/m/infer` });
