import type { EChartsCoreOption } from 'echarts/core';
import { useEffect, useRef } from 'react';
import { useWidth } from '../../../ui/charts.ts';
import { init } from './echarts.ts';

/** A chart of the parts of ECharts that runs are compared with; load it lazily. */
export function EChart({
  option,
  height,
  label,
  onPick,
}: {
  option: EChartsCoreOption;
  height: number;
  label: string;
  /** Called with the name of the point that is clicked. */
  onPick?: (name: string) => void;
}) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const chart = useRef<ReturnType<typeof init> | null>(null);
  const latest = useRef({ option, onPick });
  latest.current = { option, onPick };
  const isReady = width > 0;
  useEffect(() => {
    if (!frame.current || !isReady) return;
    const made = init(frame.current);
    made.setOption(latest.current.option);
    made.on('click', (event) => latest.current.onPick?.(String(event.name)));
    chart.current = made;
    return () => {
      made.dispose();
      chart.current = null;
    };
  }, [isReady, frame]);
  useEffect(() => {
    chart.current?.setOption(option, true);
  }, [option]);
  useEffect(() => {
    if (width > 0) chart.current?.resize({ width, height });
  }, [width, height]);
  return <div ref={frame} role="img" aria-label={label} style={{ height }} />;
}
