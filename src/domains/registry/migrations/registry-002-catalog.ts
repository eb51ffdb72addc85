import type { Migration } from '../../../platform/db/database.ts';

/** What model registries of other tools say of a version: description, stage, where the files lie, deletion. */
export const registryCatalog: Migration = {
  name: 'registry-002-catalog',
  async up({ schema }) {
    for (const column of [
      'description',
      'stage',
      'storage_uri',
      'logged_model',
      'run_link',
      'status_message',
    ]) {
      await schema.alterTable('registry_versions').addColumn(column, 'text').execute();
    }
    for (const column of ['changed_at', 'deleted_at']) {
      await schema.alterTable('registry_versions').addColumn(column, 'bigint').execute();
    }
    await schema.alterTable('registry_models').addColumn('deleted_at', 'bigint').execute();
  },
};
