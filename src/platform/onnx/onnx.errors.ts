import { defineErrors } from '../errors.ts';

/** What the reader of ONNX files throws, and nothing else. */
export const onnxError = defineErrors({
  'onnx.file.not_onnx': {
    status: 400,
    next: 'Export the model to ONNX (for example with skl2onnx, onnxmltools or torch.onnx) and send that file.',
  },
  'onnx.file.malformed': {
    status: 400,
    next: 'Send the file again; if it fails again, export the model anew and check it with onnx.checker.',
  },
  'onnx.file.too_complex': {
    status: 400,
    next: 'Simplify the model, for example with onnxslim, so that graphs nest less deeply or have fewer nodes.',
  },
  'onnx.tensor.external': {
    status: 400,
    next: 'Save the model as one file with its weights inside: onnx.save(model, path, save_as_external_data=False).',
  },
});
