import { isoTime } from '../../platform/clock.ts';
import { wireConversion } from './conversion/conversions.service.ts';
import type { ModelRecord, ModelVersion, Verdict } from './registry.door.ts';
import type { ConversionRow } from './registry.tables.ts';

/** A model as HTTP replies carry it. */
export function wireModel(model: ModelRecord) {
  return { ...model, createdAt: isoTime(model.createdAt), updatedAt: isoTime(model.updatedAt) };
}

/** A verdict as HTTP replies carry it. */
export function wireVerdict(verdict: Verdict) {
  return { ...verdict, createdAt: isoTime(verdict.createdAt) };
}

/** A model of the list with the verdict on its newest version. */
export function wireListedModel(model: ModelRecord, verdict: Verdict | undefined) {
  return { ...wireModel(model), verdict: verdict ? wireVerdict(verdict) : null };
}

/** A version as HTTP replies carry it. */
export function wireVersion(
  version: ModelVersion,
  verdict: Verdict | undefined,
  conversion: ConversionRow | undefined,
) {
  return {
    ...version,
    createdAt: isoTime(version.createdAt),
    verdict: verdict ? wireVerdict(verdict) : null,
    conversion: conversion ? wireConversion(conversion) : null,
  };
}
