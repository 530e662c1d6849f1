import { Component, type ComponentType, createElement, type FunctionComponent } from "preact";

/**
 * Drawn again only when one of its properties is another one, or what it keeps itself.
 *
 * `memo` of preact/compat does the same, and brings all that makes Preact look like React. `useMemo` around what is drawn
 * does not: what it keeps leads to the whole page as it was then.
 */
export function memo<Props extends object>(Inner: FunctionComponent<Props>): ComponentType<Props> {
  return class extends Component<Props> {
    override shouldComponentUpdate(next: Props): boolean {
      const [values, nextValues] = [Object.values(this.props), Object.values(next)];
      return nextValues.length !== values.length || nextValues.some((value, index) => value !== values[index]);
    }

    override render() {
      return createElement(Inner, this.props);
    }
  };
}
