import { LitElement } from "lit";

/** An element that draws itself into the document, so that the page's one stylesheet and one order of focus hold. */
export abstract class View extends LitElement {
  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}
