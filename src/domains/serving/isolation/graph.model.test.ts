import { expect, test } from 'vitest';
import {
  alwaysHangingModel,
  hangingModel,
  hungryModel,
  nanModel,
} from '../../../../test/serving/faulty-models.ts';
import { logisticModel } from '../../../../test/serving/models.ts';
import { readOnnx } from '../../../platform/onnx/onnx-reader.ts';
import { isolationReason } from './graph.model.ts';

const reasonOf = (bytes: Uint8Array) => isolationReason(readOnnx(bytes).opTypes);

test('graphs whose cost the size of the inputs bounds may run in the server', () => {
  expect(reasonOf(logisticModel({ weights: [1, 2] }))).toBeNull();
  expect(reasonOf(nanModel())).toBeNull();
  expect(isolationReason({ TreeEnsembleClassifier: 1, Cast: 2, 'com.microsoft:FusedMatMul': 1 })).toBeNull();
  // How long they take only a trial tells.
  expect(reasonOf(alwaysHangingModel())).toBeNull();
});

test('control flow, foreign operators and sizes made of values belong into a process', () => {
  expect(reasonOf(hangingModel())).toContain('Loop');
  expect(reasonOf(hungryModel())).toContain('Range');
  expect(isolationReason({ If: 1 })).toContain('control flow');
  expect(isolationReason({ 'my.company:Secret': 3 })).toContain('my.company:Secret');
});
