import { HoustonError } from '../errors.ts';
import { onnxError } from './onnx.errors.ts';
import { type OnnxTensorInfo, readValueInfo } from './onnx-types.ts';
import { malformed, readMessage, readText } from './protobuf-message.ts';

/** What an ONNX file says about itself, read without running it. */
export interface OnnxSummary {
  irVersion: number;
  /** Name and, where given, version of the exporting program. */
  producer: string;
  /** Operator sets; the standard one has the domain ''. */
  opsets: { domain: string; version: number }[];
  /** Inputs that a caller must send: those of the graph without its constants. */
  inputs: OnnxTensorInfo[];
  outputs: OnnxTensorInfo[];
  /** Nodes with those of nested graphs and of functions. */
  nodeCount: number;
  /** Count by operator; operators outside ONNX's own sets are named `domain:operator`. */
  opTypes: Record<string, number>;
  metadata: Record<string, string>;
}

/** Graphs nested in the attributes of nodes (If, Loop, Scan) go a few levels deep in real models. */
const MAX_GRAPH_DEPTH = 32;
const MAX_NODES = 1_000_000;
/** Far above any released version of the format. */
const MAX_IR_VERSION = 1000;

const STANDARD_DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml']);

/** First bytes of files that people send by mistake. */
const OTHER_FORMATS: [name: string, offset: number, magic: string][] = [
  ['a zip archive (PyTorch and Keras save such)', 0, 'PK\x03\x04'],
  ['a Python pickle', 0, '\x80\x02'],
  ['a Python pickle', 0, '\x80\x03'],
  ['a Python pickle', 0, '\x80\x04'],
  ['a Python pickle', 0, '\x80\x05'],
  ['an HDF5 file', 0, '\x89HDF'],
  ['a GGUF file', 0, 'GGUF'],
  ['a model in ONNX Runtime’s own format', 4, 'ORTM'],
  ['a TensorFlow Lite model', 4, 'TFL3'],
  ['a gzip archive', 0, '\x1f\x8b'],
  ['a Git LFS pointer without the model', 0, 'version https://git-lfs'],
  ['JSON text', 0, '{"'],
];

function otherFormat(bytes: Uint8Array): string | undefined {
  return OTHER_FORMATS.find(([, offset, magic]) =>
    Array.from(magic).every((character, i) => bytes[offset + i] === character.charCodeAt(0)),
  )?.[0];
}

interface Tally {
  nodes: number;
  opTypes: Map<string, number>;
}

interface Graph {
  inputs: OnnxTensorInfo[];
  outputs: OnnxTensorInfo[];
  constants: Set<string>;
}

function readPair(bytes: Uint8Array): [key: string, value: string] {
  const pair: [string, string] = ['', ''];
  readMessage(bytes, {
    bytes: {
      1: (key) => {
        pair[0] = readText(key);
      },
      2: (value) => {
        pair[1] = readText(value);
      },
    },
  });
  return pair;
}

function refuseExternal(): never {
  throw onnxError('onnx.tensor.external', 'The model keeps data in other files, which Houston never opens.');
}

/** Reads the name of a tensor; a tensor that points out of the file is refused. */
function readTensorName(bytes: Uint8Array): string {
  let name = '';
  readMessage(bytes, {
    varint: {
      14: (location) => {
        if (location !== 0) refuseExternal();
      },
    },
    bytes: {
      8: (value) => {
        name = readText(value);
      },
      13: refuseExternal,
    },
  });
  return name;
}

/** Reads the name of a sparse tensor, which is that of its values. */
function readSparseTensorName(bytes: Uint8Array): string {
  let name = '';
  readMessage(bytes, {
    bytes: {
      1: (values) => {
        name = readTensorName(values);
      },
      2: readTensorName,
    },
  });
  return name;
}

function readAttribute(bytes: Uint8Array, tally: Tally, depth: number): void {
  const nested = (graph: Uint8Array) => {
    readGraph(graph, tally, depth + 1);
  };
  readMessage(bytes, {
    bytes: {
      5: readTensorName,
      6: nested,
      10: readTensorName,
      11: nested,
      22: readSparseTensorName,
      23: readSparseTensorName,
    },
  });
}

function readNode(bytes: Uint8Array, tally: Tally, depth: number): void {
  let op = '';
  let domain = '';
  readMessage(bytes, {
    bytes: {
      4: (value) => {
        op = readText(value);
      },
      5: (attribute) => readAttribute(attribute, tally, depth),
      7: (value) => {
        domain = readText(value);
      },
    },
  });
  // Context nodes of hardware providers may load a compiled model from a path.
  if (op === 'EPContext') refuseExternal();
  if (op === '') throw malformed('a node names no operator');
  tally.nodes++;
  if (tally.nodes > MAX_NODES) {
    throw onnxError('onnx.file.too_complex', `The model has more than ${MAX_NODES} nodes.`);
  }
  const key = STANDARD_DOMAINS.has(domain) ? op : `${domain}:${op}`;
  tally.opTypes.set(key, (tally.opTypes.get(key) ?? 0) + 1);
}

function readGraph(bytes: Uint8Array, tally: Tally, depth: number): Graph {
  if (depth > MAX_GRAPH_DEPTH) {
    throw onnxError('onnx.file.too_complex', `Graphs nest more than ${MAX_GRAPH_DEPTH} levels deep.`);
  }
  const graph: Graph = { inputs: [], outputs: [], constants: new Set() };
  readMessage(bytes, {
    bytes: {
      1: (node) => readNode(node, tally, depth),
      5: (tensor) => graph.constants.add(readTensorName(tensor)),
      11: (value) => graph.inputs.push(readValueInfo(value)),
      12: (value) => graph.outputs.push(readValueInfo(value)),
      15: (tensor) => graph.constants.add(readSparseTensorName(tensor)),
    },
  });
  return graph;
}

function readOpset(bytes: Uint8Array): { domain: string; version: number } {
  const opset = { domain: '', version: 0 };
  readMessage(bytes, {
    varint: {
      2: (version) => {
        opset.version = version;
      },
    },
    bytes: {
      1: (domain) => {
        opset.domain = readText(domain);
      },
    },
  });
  return opset;
}

function readModel(bytes: Uint8Array): OnnxSummary {
  const tally: Tally = { nodes: 0, opTypes: new Map() };
  const metadata = new Map<string, string>();
  const opsets: OnnxSummary['opsets'] = [];
  let irVersion = 0;
  let producer = '';
  let producerVersion = '';
  let graph: Graph | undefined;
  const nested = (body: Uint8Array) => {
    readGraph(body, tally, 1);
  };
  readMessage(bytes, {
    varint: {
      1: (value) => {
        irVersion = value;
      },
    },
    bytes: {
      2: (value) => {
        producer = readText(value);
      },
      3: (value) => {
        producerVersion = readText(value);
      },
      7: (value) => {
        if (graph !== undefined) throw malformed('it has two main graphs');
        graph = readGraph(value, tally, 0);
      },
      8: (value) => opsets.push(readOpset(value)),
      14: (value) => metadata.set(...readPair(value)),
      20: (training) => readMessage(training, { bytes: { 1: nested, 2: nested } }),
      25: (body) =>
        readMessage(body, {
          bytes: {
            7: (node) => readNode(node, tally, 1),
            11: (attribute) => readAttribute(attribute, tally, 1),
          },
        }),
    },
  });
  const isVersioned = Number.isInteger(irVersion) && irVersion >= 1 && irVersion <= MAX_IR_VERSION;
  if (!isVersioned || graph === undefined) {
    throw onnxError(
      'onnx.file.not_onnx',
      'The file is not an ONNX model: it lacks a format version or a graph.',
    );
  }
  if (opsets.length === 0 && irVersion >= 3) throw malformed('it names no operator set');
  // The compiler does not see that a handler assigned the graph.
  const { inputs, outputs, constants } = graph as Graph;
  return {
    irVersion,
    producer: producerVersion === '' ? producer : `${producer} ${producerVersion}`,
    opsets,
    inputs: inputs.filter((input) => !constants.has(input.name)),
    outputs,
    nodeCount: tally.nodes,
    opTypes: Object.fromEntries(tally.opTypes),
    metadata: Object.fromEntries(metadata),
  };
}

/**
 * Reads what an ONNX file says about itself. Never runs the model, opens no other file and copies no weights;
 * time and memory grow with the number of fields, not with what a hostile file claims.
 * @throws HoustonError `onnx.file.not_onnx`, `onnx.file.malformed` (cut off or damaged),
 *   `onnx.file.too_complex` (nested too deeply, too many nodes) or `onnx.tensor.external` (weights in other
 *   files, whose paths could point anywhere).
 */
export function readOnnx(bytes: Uint8Array): OnnxSummary {
  const format = bytes.length === 0 ? 'an empty file' : otherFormat(bytes);
  if (format !== undefined)
    throw onnxError('onnx.file.not_onnx', `The file is not an ONNX model but ${format}.`);
  try {
    return readModel(bytes);
  } catch (error) {
    // The first field of every exporter is the version of the format, a small varint.
    if (error instanceof HoustonError && error.code === 'onnx.file.malformed' && bytes[0] !== 0x08) {
      throw onnxError('onnx.file.not_onnx', 'The file is not an ONNX model.');
    }
    throw error;
  }
}
