package com.shop

/** Counts money. */
class Till(private var cents: Int) {
    // Takes some.
    @Synchronized
    fun pay(amount: Int): Int {
        cents -= amount // -> Till.pay
        return cents
    }

    fun twice(n: Int) = n * 2 // -> Till.twice

    companion object {
        fun open(): Till {
            return Till(0) // -> Till.companion.open
        }
    }
}

object Shop {
    val name = "shop" // -> Shop
}

class TillTest {
    @Test
    fun `pays in full`() {
        check(true) // -> TillTest.pays in full
    }
}
