import type { Static } from 'typebox';
import type {
  AlertSchema,
  CompareSchema,
  DriftSchema,
  FigureSchema,
  IncidentDetailSchema,
  IncidentSchema,
  MonitorSchema,
  ReferenceSchema,
  WindowSchema,
  WindowStripSchema,
} from '../../../src/domains/monitoring/monitoring.contract.ts';

export type DriftResult = Static<typeof DriftSchema>;
export type PerformanceFigure = Static<typeof FigureSchema>;
export type MonitorWindow = Static<typeof WindowSchema>;
/** The newest windows of one deployment in short. */
export type WindowStrip = Static<typeof WindowStripSchema>;
export type Monitor = Static<typeof MonitorSchema>;
export type MonitorSettings = Monitor['settings'];
export type MonitorReference = Static<typeof ReferenceSchema>;
export type ReferenceChunk = MonitorReference['chunks'][number];
/** Reference and current counts of one feature on the same frozen bins; the last bin is missing. */
export type FeatureComparison = Static<typeof CompareSchema>;
export type Incident = Static<typeof IncidentSchema>;
export type IncidentDetail = Static<typeof IncidentDetailSchema>;
export type Alert = Static<typeof AlertSchema>;
