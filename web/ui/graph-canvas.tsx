import { graphlib, layout } from '@dagrejs/dagre';
import { useComputedColorScheme } from '@mantine/core';
import {
  BaseEdge,
  Controls,
  type Edge,
  type EdgeProps,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { type KeyboardEvent, useEffect, useMemo } from 'react';
import { useWidth } from './charts.ts';
import type { GraphEdge, GraphNode, GraphProps } from './graph.tsx';
import { ToneMark, toneOf } from './state.tsx';

const WIDE = 184;
const SMALLEST = 0.66;
const NARROW = 136;
const HEIGHT = 50;
/** Room for the text on an edge. */
const LABEL = 36;

type WayEdge = Edge<{ way: Point[] }, 'way'>;
type BoxNode = Node<{ item: GraphNode }, 'box'>;

function Box({ data }: NodeProps<BoxNode>) {
  const { item } = data;
  const tone = item.state ? toneOf(item.state) : null;
  return (
    <>
      <Handle type="target" position={Position.Left} style={{ opacity: 0 }} isConnectable={false} />
      <div
        className={item.selected ? 'node selected' : 'node'}
        style={tone ? { borderLeftColor: `var(--${tone === 'busy' ? 'accent' : tone})` } : undefined}
        title={`${item.label}${item.sub ? `: ${item.sub}` : ''}`}
      >
        <div className="row" style={{ gap: 6 }}>
          <span className="node-label truncate grow">{item.label}</span>
          {tone ? (
            <span style={{ color: `var(--${tone === 'busy' ? 'accent' : tone})` }}>
              <ToneMark tone={tone} />
            </span>
          ) : null}
        </div>
        <div className="node-sub truncate">{item.sub}</div>
        {item.progress !== null && item.progress !== undefined ? (
          <div className="bar" style={{ position: 'absolute', left: 0, right: 0, bottom: 0, height: 3 }}>
            <i style={{ width: `${Math.round(item.progress * 100)}%` }} />
          </div>
        ) : null}
      </div>
      <Handle type="source" position={Position.Right} style={{ opacity: 0 }} isConnectable={false} />
    </>
  );
}

const nodeTypes = { box: Box };

/** Fits the drawing into its frame, but never smaller than can be read; then it is panned, and `focus` is in sight. */
function viewportOf(
  places: { x: number; y: number }[],
  nodeWidth: number,
  frameWidth: number,
  frameHeight: number,
  anchor: 'start' | 'end',
  focus: { x: number; y: number } | undefined,
) {
  const wide = Math.max(...places.map((place) => place.x)) + nodeWidth + 8;
  const high = Math.max(...places.map((place) => place.y)) + HEIGHT + 8;
  const zoom = Math.max(SMALLEST, Math.min(1, (frameWidth - 24) / wide, (frameHeight - 16) / high));
  const room = frameWidth - wide * zoom;
  const x = room >= 0 ? room / 2 : anchor === 'start' ? 12 : room - 12;
  const spare = frameHeight - high * zoom;
  const middle = frameHeight / 2 - ((focus?.y ?? 0) + HEIGHT / 2) * zoom;
  return { x, y: spare >= 0 ? spare / 2 : Math.min(8, Math.max(spare - 8, middle)), zoom };
}

type Point = { x: number; y: number };
type Layout = { places: Map<string, Point>; ways: Map<string, Point[]> };

/** Where the boxes stand, and the way of each edge between them. */
function place(nodes: GraphNode[], edges: GraphEdge[], width: number): Layout {
  const graph = new graphlib.Graph();
  graph.setGraph({
    rankdir: 'LR',
    nodesep: 18,
    edgesep: 6,
    ranksep: width === WIDE ? 36 : 24,
    marginx: 8,
    marginy: 8,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map((node) => node.id));
  for (const node of nodes) graph.setNode(node.id, { width, height: HEIGHT });
  for (const edge of edges)
    if (known.has(edge.from) && known.has(edge.to))
      graph.setEdge(edge.from, edge.to, edge.label ? { width: LABEL, height: 14, labelpos: 'c' } : {});
  layout(graph);
  const places = new Map(
    nodes.map((node) => {
      const { x, y } = graph.node(node.id) as Point;
      return [node.id, { x: x - width / 2, y: y - HEIGHT / 2 }];
    }),
  );
  const ways = new Map(
    graph
      .edges()
      .map(({ v, w }) => [`${v}>${w}`, (graph.edge(v, w) as { points: Point[] }).points.slice(1, -1)]),
  );
  return { places, ways };
}

/** An edge by way of the points that keep it clear of the boxes between its ends. */
function Way({ id, sourceX, sourceY, targetX, targetY, data, label, style, markerEnd }: EdgeProps<WayEdge>) {
  const between = (data?.way ?? []).filter(({ x }) => x > sourceX && x < targetX);
  const stops = [{ x: sourceX, y: sourceY }, ...between, { x: targetX, y: targetY }];
  const path = stops
    .map(({ x, y }, at) => {
      const before = stops[at - 1];
      if (!before) return `M${x},${y}`;
      const middle = (before.x + x) / 2;
      return `C${middle},${before.y} ${middle},${y} ${x},${y}`;
    })
    .join(' ');
  const at = between[Math.floor((between.length - 1) / 2)] ?? {
    x: (sourceX + targetX) / 2,
    y: (sourceY + targetY) / 2,
  };
  return (
    <BaseEdge
      id={id}
      path={path}
      labelX={at.x}
      labelY={at.y}
      {...(label ? { label } : {})}
      {...(style ? { style } : {})}
      {...(markerEnd ? { markerEnd } : {})}
    />
  );
}

const edgeTypes = { way: Way };

/** Draws a {@link GraphProps} graph; loaded lazily by Graph. */
export function GraphCanvas(props: GraphProps) {
  return (
    <ReactFlowProvider>
      <Drawing {...props} />
    </ReactFlowProvider>
  );
}

function Drawing({ nodes, edges, height = 320, onOpen, label, compact, anchor = 'start' }: GraphProps) {
  const scheme = useComputedColorScheme('light');
  const flow = useReactFlow();
  const width = compact ? NARROW : WIDE;
  const shape = `${nodes.map((node) => node.id).join()}|${edges.map((edge) => `${edge.from}>${edge.to}${edge.label ? ':' : ''}`).join()}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only the shape moves boxes; states change in place
  const { places, ways } = useMemo(() => place(nodes, edges, width), [shape, width]);
  const focus = places.get(nodes.find((node) => node.selected)?.id ?? '');
  const [frame, frameWidth] = useWidth<HTMLElement>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: fit again when the shape or the frame changes
  useEffect(() => {
    if (frameWidth > 0)
      void flow.setViewport(viewportOf([...places.values()], width, frameWidth, height, anchor, focus));
  }, [places, frameWidth, height, flow]);
  const boxes = nodes.map<BoxNode>((item) => ({
    id: item.id,
    type: 'box',
    position: places.get(item.id) ?? { x: 0, y: 0 },
    width,
    height: HEIGHT,
    data: { item },
  }));
  const known = new Set(nodes.map((node) => node.id));
  const links = edges
    .filter((edge) => known.has(edge.from) && known.has(edge.to))
    .map<WayEdge>((edge, at) => ({
      type: 'way',
      data: { way: ways.get(`${edge.from}>${edge.to}`) ?? [] },
      id: `${at}:${edge.from}>${edge.to}`,
      source: edge.from,
      target: edge.to,
      ...(edge.label ? { label: edge.label } : {}),
      ...(edge.dashed ? { style: { strokeDasharray: '5 4' } } : {}),
      animated: edge.animated ?? false,
      markerEnd: { type: MarkerType.ArrowClosed, width: 14, height: 14 },
    }));
  const openByKey = (event: KeyboardEvent) => {
    const id = (event.target as HTMLElement).dataset.id;
    if (event.key === 'Enter' && id !== undefined && known.has(id)) onOpen?.(id);
  };
  return (
    <figure ref={frame} style={{ height, margin: 0 }} aria-label={label} onKeyDown={openByKey}>
      <ReactFlow
        nodes={boxes}
        edges={links}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        colorMode={scheme}
        minZoom={0.15}
        maxZoom={1.5}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        nodesFocusable={onOpen !== undefined}
        zoomOnScroll={false}
        panOnScroll={false}
        preventScrolling={false}
        proOptions={{ hideAttribution: true }}
        onNodeClick={(_event, node) => onOpen?.(node.id)}
      >
        <Controls
          showInteractive={false}
          position={anchor === 'end' ? 'bottom-left' : 'bottom-right'}
          orientation="horizontal"
        />
      </ReactFlow>
      <ol className="sr-only">
        {nodes.map((node) => (
          <li key={node.id}>
            {node.label} {node.sub} {node.state}; leads to{' '}
            {edges
              .filter((edge) => edge.from === node.id)
              .map((edge) => edge.to)
              .join(', ') || 'nothing'}
          </li>
        ))}
      </ol>
    </figure>
  );
}
