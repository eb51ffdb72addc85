/** Child of the erasure's crash test: a server on the parent's folder that begins an erasure, or goes on with one. */
import { people } from './feature-service.ts';
import { startServing } from './serving-server.ts';

const [dataDir, person] = process.argv.slice(2);
const server = await startServing({ features: people, dataDir });
if (person !== undefined) {
  await server.call('POST', '/api/serving/deployments/m/erasures', {
    entity: { customer: person },
    delete: true,
  });
}
process.send?.('begun');
