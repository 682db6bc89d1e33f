<?php

namespace App\Models;

/**
 * Counts money.
 */
final class Till extends Base
{
    /** Takes some. */
    #[Deprecated]
    public static function pay(int $cents): ?int
    {
        return $cents; // -> Till.pay
    }
}

function helper(array $rows)
{
    return array_map(fn ($r) => $r, $rows); // -> helper
}

it('pays', function () {
    expect(1)->toBe(1); // -> pays
});
