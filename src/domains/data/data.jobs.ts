import type { JobKind } from '../../platform/jobs/jobs.ts';
import { failProfile, makeProfile, profileJob } from './explore.service.ts';

type ProfilePayload = { dataset: string; version: number; digest: string };

const attempts = 3;

/** Makes the profile of a large version off the request's path. */
const profileKind: JobKind<ProfilePayload> = {
  kind: profileJob,
  attempts,
  async run(scope, { dataset, version, digest }, { attempt }) {
    try {
      await makeProfile(scope, dataset, version);
    } catch (error) {
      if (attempt >= attempts) await failProfile(scope, digest);
      throw error;
    }
  },
};

export const dataJobs = [profileKind] as unknown as readonly JobKind[];
