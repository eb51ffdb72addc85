import type uPlot from 'uplot';
import type { Palette } from './charts.ts';
import type { TimeSeriesProps } from './time-series-plot.ts';

/** Reference periods, behind the lines. */
export function drawShades(plot: uPlot, props: TimeSeriesProps, palette: Palette): void {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const shade of props.shades ?? []) {
    const from = Math.max(bbox.left, plot.valToPos(shade.from / 1000, 'x', true));
    const to = Math.min(bbox.left + bbox.width, plot.valToPos(shade.to / 1000, 'x', true));
    if (to <= from) continue;
    ctx.fillStyle = palette.grid;
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
    ctx.fillStyle = palette.faint;
    ctx.font = `${10 * devicePixelRatio}px Inter, system-ui, sans-serif`;
    ctx.textBaseline = 'top';
    ctx.textAlign = 'left';
    ctx.fillText(shade.label, from + 4 * devicePixelRatio, bbox.top + 3 * devicePixelRatio);
  }
  ctx.restore();
}

/** Thresholds and event markers, over the lines. */
export function drawOver(plot: uPlot, props: TimeSeriesProps, palette: Palette): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = ratio;
  ctx.font = `${10 * ratio}px Inter, system-ui, sans-serif`;
  for (const threshold of props.thresholds ?? []) {
    const y = Math.round(plot.valToPos(threshold.value, 'y', true)) + 0.5;
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = palette[threshold.tone ?? 'bad'];
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  let lastEnd = -1;
  for (const marker of props.markers ?? []) {
    const x = Math.round(plot.valToPos(marker.time / 1000, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const color = palette[marker.tone ?? 'none'];
    ctx.strokeStyle = color;
    ctx.globalAlpha = 0.7;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.fillStyle = color;
    ctx.beginPath();
    ctx.moveTo(x - 4 * ratio, bbox.top);
    ctx.lineTo(x + 4 * ratio, bbox.top);
    ctx.lineTo(x, bbox.top + 6 * ratio);
    ctx.fill();
    const text = marker.label;
    const wide = ctx.measureText(text).width;
    if (x + 6 * ratio > lastEnd && x + 6 * ratio + wide < bbox.left + bbox.width) {
      ctx.fillText(text, x + 6 * ratio, bbox.top + ratio);
      lastEnd = x + 12 * ratio + wide;
    }
  }
  ctx.restore();
}
