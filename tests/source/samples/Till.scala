package com.shop

/** Counts money. */
class Till(cents: Int) extends Base with Rows {
  // Takes some.
  override def pay[T](amount: T): Int = {
    val left = cents
    left // -> Till.pay
  }

  def twice(n: Int): Int = n * 2 // -> Till.twice
}

object Till {
  def apply(): Till = new Till(0) // -> Till.apply
}

class TillSuite extends AnyFunSuite {
  test("pays in full") {
    assert(true) // -> TillSuite.pays in full
  }
}
