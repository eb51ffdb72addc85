import type { LogisticRegressionModel } from '../../math/learn/logistic-regression.ts';
import { encodeClassifier } from './classifier-onnx.ts';
import { ELEMENT_TYPES } from './onnx-writer.ts';

/**
 * Encodes a logistic regression as an ONNX file of plain operators; interface as in `encodeClassifier`. It
 * standardises and imputes like the model and computes in double precision, because float32 loses features
 * whose mean is large against their spread (times, identifiers).
 */
export function logisticRegressionToOnnx(model: LogisticRegressionModel): Uint8Array {
  const width = model.features.length;
  return encodeClassifier({
    kind: model.kind,
    features: model.features,
    initializers: [
      { name: 'means', type: 'double', shape: [width], values: model.means },
      { name: 'scales', type: 'double', shape: [width], values: model.scales },
      { name: 'coefficients', type: 'double', shape: [width, 1], values: model.coefficients },
      { name: 'intercept', type: 'double', shape: [1], values: [model.intercept] },
      { name: 'zero', type: 'double', shape: [1], values: [0] },
      { name: 'column', type: 'int64', shape: [1], values: [1] },
    ],
    nodes: [
      cast('features', 'wide', 'double'),
      { op: 'IsNaN', inputs: ['wide'], outputs: ['missing'] },
      { op: 'Sub', inputs: ['wide', 'means'], outputs: ['centred'] },
      { op: 'Div', inputs: ['centred', 'scales'], outputs: ['standardised'] },
      { op: 'Where', inputs: ['missing', 'zero', 'standardised'], outputs: ['imputed'] },
      { op: 'MatMul', inputs: ['imputed', 'coefficients'], outputs: ['product'] },
      { op: 'Add', inputs: ['product', 'intercept'], outputs: ['score'] },
      { op: 'Neg', inputs: ['score'], outputs: ['opposite'] },
      { op: 'Sigmoid', inputs: ['score'], outputs: ['positive'] },
      { op: 'Sigmoid', inputs: ['opposite'], outputs: ['negative'] },
      {
        op: 'Concat',
        inputs: ['negative', 'positive'],
        outputs: ['both'],
        attributes: [{ name: 'axis', type: 'int', value: 1 }],
      },
      cast('both', 'probabilities', 'float'),
      { op: 'Greater', inputs: ['score', 'zero'], outputs: ['is_positive'] },
      cast('is_positive', 'label_column', 'int64'),
      { op: 'Squeeze', inputs: ['label_column', 'column'], outputs: ['label'] },
    ],
  });
}

function cast(input: string, output: string, type: keyof typeof ELEMENT_TYPES) {
  return {
    op: 'Cast',
    inputs: [input],
    outputs: [output],
    attributes: [{ name: 'to', type: 'int' as const, value: ELEMENT_TYPES[type] }],
  };
}
