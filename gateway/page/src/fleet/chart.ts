import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { View } from "../ui/view.js";
import type { Rates } from "./rates.js";

/** Tokens a second and streams of the whole fleet over the last two minutes. */
export class FleetChart extends View {
  static override properties = { rates: { attribute: false } };
  declare rates: Rates;
  #plot: uPlot | null = null;
  #sized: ResizeObserver | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#sized = new ResizeObserver(() => this.#fit());
    this.#sized.observe(this);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", this.#recolour);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    matchMedia("(prefers-color-scheme: dark)").removeEventListener("change", this.#recolour);
    this.#sized?.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  readonly #recolour = (): void => {
    this.#plot?.destroy();
    this.#plot = null;
    this.show();
  };

  #fit(): void {
    this.#plot?.setSize({ width: this.clientWidth, height: Math.max(110, this.clientHeight) });
  }

  /** Draws what has come. */
  show(): void {
    const { times, tokens, streams } = this.rates;
    this.#plot ??= this.#make();
    this.#plot.setData([times, tokens, streams]);
  }

  #make(): uPlot {
    // Colours that a canvas understands: a probe's, because light-dark() is the stylesheet's.
    const colour = (name: string): string => {
      const probe = document.createElement("i");
      probe.className = `probe-${name}`;
      this.append(probe);
      const found = getComputedStyle(probe).color;
      probe.remove();
      return found;
    };
    const [ink, line, first, second] = ["ink", "line", "accent", "site"].map(colour);
    const axis = { stroke: ink ?? "", grid: { stroke: line ?? "", width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
    return new uPlot(
      {
        width: Math.max(200, this.clientWidth),
        height: Math.max(110, this.clientHeight),
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 6, 0, 0],
        scales: { x: { time: true }, y: { range: (_plot, _least, most) => [0, Math.max(10, most * 1.15)] }, streams: { range: (_plot, _least, most) => [0, Math.max(4, most * 1.3)] } },
        axes: [
          { ...axis, size: 24, space: 70, values: (_plot, ticks) => ticks.map((tick) => new Date(tick * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false })) },
          { ...axis, size: 46 },
          { ...axis, scale: "streams", side: 1, size: 34, grid: { show: false } },
        ],
        series: [{}, { label: "Tokens/s", stroke: first ?? "", width: 2, points: { show: false } }, { label: "Streams", stroke: second ?? "", width: 1.5, dash: [4, 3], scale: "streams", points: { show: false } }],
      },
      [[], [], []],
      this,
    );
  }
}

customElements.define("fleet-chart", FleetChart);
