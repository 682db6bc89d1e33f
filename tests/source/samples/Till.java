package com.shop;

/**
 * Counts money.
 */
public class Till {
    private int cents; // -> Till

    public Till(int cents) {
        this.cents = cents; // -> Till.Till
    }

    /** Takes some. */
    @Override
    @Deprecated
    public <T extends Number> int pay(T amount) throws Exception {
        Runnable later = new Runnable() {
            public void run() {
                cents--; // -> Till.pay.run
            }
        };
        return cents; // -> Till.pay
    }

    enum Kind { COIN, NOTE } // -> Till.Kind

    record Row(int cents) {
        Row {
            if (cents < 0) throw new IllegalArgumentException(); // -> Till.Row.Row
        }
    }
}
