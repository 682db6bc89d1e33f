export interface Row {
  cents: number; // -> Row
}

abstract class Base<T> {
  protected constructor(private readonly rows: T[]) {
    this.rows = rows; // -> Base.constructor
  }

  // How many.
  public get size(): number {
    return this.rows.length; // -> Base.size
  }

  private readonly add = (row: T): void => {
    this.rows.push(row); // -> Base.add
  };
}

namespace shop {
  export function open<T>(rows: T[]): Base<T> {
    return new (Base as any)(rows); // -> shop.open
  }
}

test("opens", () => {
  expect(shop.open([]).size).toBe(0); // -> opens
});
