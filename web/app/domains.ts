import {
  IconActivityHeartbeat,
  IconBox,
  IconChartHistogram,
  IconDatabase,
  IconFlask,
  type IconProps,
  IconRocket,
  IconRoute,
  IconScale,
  IconVariable,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';

export type Domain = { key: string; label: string; to: string; icon: ComponentType<IconProps>; jump: string };

/** The domains in the order of the life of a model. `jump` is the key after `g`. */
export const domains: Domain[] = [
  { key: 'data', label: 'Data', to: '/data', icon: IconDatabase, jump: 'd' },
  { key: 'features', label: 'Features', to: '/features', icon: IconVariable, jump: 'f' },
  { key: 'experiments', label: 'Experiments', to: '/experiments', icon: IconFlask, jump: 'e' },
  { key: 'pipelines', label: 'Pipelines', to: '/pipelines', icon: IconRoute, jump: 'p' },
  { key: 'registry', label: 'Models', to: '/registry', icon: IconBox, jump: 'm' },
  { key: 'serving', label: 'Deployments', to: '/serving', icon: IconRocket, jump: 's' },
  { key: 'monitoring', label: 'Monitoring', to: '/monitoring', icon: IconActivityHeartbeat, jump: 'w' },
  { key: 'governance', label: 'Governance', to: '/governance', icon: IconScale, jump: 'a' },
  { key: 'insights', label: 'Insights', to: '/insights', icon: IconChartHistogram, jump: 'i' },
];
