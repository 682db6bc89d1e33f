import { total } from "./total.js";

/** What an order costs. */
export function price(order) {
  return order.rows.map((row) => row.cents); // -> price
}

export const later = async (order) => {
  await order; // -> later
};

class Till {
  #cents = 0;

  /* Adds to it. */
  add(cents) {
    this.#cents += cents; // -> Till.add
  }

  static of = () => {
    return new Till(); // -> Till.of
  };
}

module.exports.close = function () {
  return 1; // -> module.exports.close
};

describe("till", () => {
  const till = new Till(); // -> till
  it("adds up", async () => {
    till.add(3); // -> till.adds up
  });
  it.each([1, 2])("adds %i", (n) => {
    till.add(n); // -> till.adds %i
  });
});
