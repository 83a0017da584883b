/** `99.98 %`; never 100 where it was not. */
export function percent(up: number): string {
  const floored = Math.floor(up * 10_000) / 100;
  return `${floored === 100 ? '100' : floored.toFixed(floored >= 99 ? 2 : 1)} %`;
}
