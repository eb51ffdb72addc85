import type { Migration } from '../../../platform/db/database.ts';

/** For finding out who holds a blob. */
export const experimentsPurge: Migration = {
  name: 'experiments-011-purge',
  async up({ schema }) {
    await schema
      .createIndex('experiments_artifacts_by_digest')
      .on('experiments_artifacts')
      .columns(['digest'])
      .execute();
  },
};
