/** Child of overload.ts: Houston with one model of about `burn` half-milliseconds in a worker thread, on a free port. */
import { logisticModel } from '../../test/serving/models.ts';
import { startServing } from '../../test/serving/serving-server.ts';

const server = await startServing({ logLevel: 'error' });
await server.registry.add(
  server.platform,
  'm',
  logisticModel({ weights: [1], burn: Number(process.argv[2]) }),
);

/** Declares the limits that the parent asks for. */
async function declare(limits: object): Promise<void> {
  const spec = { model: 'm', runtime: { placement: 'worker' }, limits };
  await server.call('PUT', '/api/serving/deployments/m', spec);
}
await declare({});
await server.call('POST', '/api/serving/deployments/m/deploy', {});
process.on('message', async ({ limits }: { limits?: object }) => {
  if (!limits) process.exit(0);
  await declare(limits);
  process.send?.('declared');
});
process.on('disconnect', () => process.exit(0));
process.send?.({ url: `${server.url}/v2/models/m/infer` });
